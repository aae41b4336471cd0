import { expect, test } from "@jest/globals";
import {
  MongoMigrations,
  MongoSeeds,
  MongoUsers,
  PostgresMigrations,
  PostgresRoles,
  PostgresSeeds,
} from "../../../components/schema.ts";
import type { ResourceType } from "../../../provider/kinds.ts";
import { shell } from "../../../provider/shell.ts";
import { recordResources, settle } from "../../support/mocks.ts";

/** How a secret comes to the mocks: what holds a secret is one as a whole. */
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

test("the dynamic resources have types of their own, and keep plain passwords as secrets", async () => {
  const recorded = await recordResources();
  const connection = { host: "127.0.0.1", port: 1, database: "d", user: "u", password: "p" };
  const place = { container: "c", containerId: "1" };
  const files = [{ name: "0001_create_a.sql", checksum: "a" }];
  const migrations = { connection, containerId: "1", directory: "x", migrations: files };
  const seeds = { connection, containerId: "1", directory: "x", seeds: files };
  const passwords = { migrator: "m", user: "u", readonly: "r", replicator: "p" };
  const serviceUser = { user: "s", password: "q", database: "d" };

  new PostgresRoles("a", { ...place, database: "d", passwords });
  new PostgresMigrations("b", migrations);
  new PostgresSeeds("c", seeds);
  new MongoUsers("d", { ...place, connection, replicaSetMember: "mongodb:27017", serviceUser });
  new MongoMigrations("e", migrations);
  new MongoSeeds("f", seeds);
  await settle();

  const guarded = secret(connection);
  const declared = recorded.map(({ type, name, inputs: { __provider, ...inputs } }) => {
    expect(__provider).toBe(shell(type.replace(/.*:/, "") as ResourceType));
    return { name, type: type.replace("pulumi-nodejs:dynamic/tradingdb:", ""), inputs };
  });
  declared.sort((one, other) => one.name.localeCompare(other.name));
  expect(declared).toEqual([
    {
      name: "a",
      type: "PostgresRoles",
      inputs: {
        ...place,
        database: "d",
        passwords: secret(passwords),
      },
    },
    { name: "b", type: "PostgresMigrations", inputs: { ...migrations, connection: guarded } },
    { name: "c", type: "PostgresSeeds", inputs: { ...seeds, connection: guarded } },
    {
      name: "d",
      type: "MongoUsers",
      inputs: {
        ...place,
        connection: guarded,
        replicaSetMember: "mongodb:27017",
        serviceUser: secret(serviceUser),
      },
    },
    { name: "e", type: "MongoMigrations", inputs: { ...migrations, connection: guarded } },
    { name: "f", type: "MongoSeeds", inputs: { ...seeds, connection: guarded } },
  ]);
});
