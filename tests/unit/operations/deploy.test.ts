import { expect, test } from "@jest/globals";
import { describeStep } from "../../../operations/deploy.ts";

type Step = Parameters<typeof describeStep>[0];

const step = (op: string, type: string, outputs: object, old?: object) =>
  describeStep({
    op,
    type,
    new: op === "delete" ? undefined : { outputs },
    old: old && { outputs: old },
  } as unknown as Step);

const DYNAMIC = "pulumi-nodejs:dynamic/tradingdb:";

test.each([
  ["create", "docker:index/network:Network", { name: "trading-network" }, "created network trading-network"],
  ["update", "docker:index/container:Container", { name: "trading-postgres" }, "updated container trading-postgres"],
  ["create-replacement", "docker:index/container:Container", { name: "c" }, "replaced container c"],
  ["create", `${DYNAMIC}PostgresRoles`, { changes: ["a", "b"] }, "PostgreSQL answers; 2 changes to roles and users"],
  ["update", `${DYNAMIC}MongoUsers`, { changes: ["a"] }, "MongoDB answers; 1 change to roles and users"],
  ["create", `${DYNAMIC}MongoUsers`, { changes: [] }, "MongoDB answers; 0 changes to roles and users"],
  ["create", `${DYNAMIC}PostgresMigrations`, { version: "0002_b.sql" }, "PostgreSQL is migrated to 0002_b.sql"],
  ["create", `${DYNAMIC}MongoSeeds`, { seeded: ["default/0001_a.json"] }, "MongoDB has 1 seed"],
])("%s of %s is told in words", (op, type, outputs, words) => {
  expect(step(op, type, outputs)).toBe(words);
});

test("what was deleted is named as it was", () => {
  expect(step("delete", "docker:index/volume:Volume", {}, { name: "v" })).toBe("deleted volume v");
});

test.each([
  ["same", "docker:index/container:Container"],
  ["refresh", "docker:index/container:Container"],
  ["delete-replaced", "docker:index/container:Container"],
  ["create", "random:index/randomPassword:RandomPassword"],
  ["create", "tradingdb:index:Postgres"],
  ["delete", `${DYNAMIC}MongoSeeds`],
])("%s of %s is not worth a line", (op, type) => {
  expect(step(op, type, {}, {})).toBeUndefined();
});
