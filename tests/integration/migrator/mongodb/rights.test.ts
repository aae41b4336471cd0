import { describe, expect, jest, test } from "@jest/globals";
import type { MongoClient } from "mongodb";
import { readLedger } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { refusal } from "../../../support/migrations.ts";
import { locked, migration } from "./engine.ts";

jest.setTimeout(300_000);

let connection: Connection;
let client: MongoClient;
useMongo((fresh) => ({ connection, client } = fresh));

/** A connection as a user of its own with these roles. */
async function as(user: string, ...roles: { role: string; db: string }[]): Promise<Connection> {
  await client.db("admin").command({ createUser: user, pwd: "password", roles });
  return { ...connection, user, password: "password" };
}

const advice = () =>
  `Give it the role dbOwner on ${connection.database} and on ${connection.database}_ledger, and run \`pulumi up\` again.`;

describe("a user", () => {
  test("without rights on the ledger is told which are missing", async () => {
    const limited = await as("limited", { role: "readWrite", db: connection.database });
    const server = `MongoDB at ${connection.host}:${connection.port}`;
    expect(await refusal(readLedger("mongodb", limited))).toBe(
      `${server} does not let limited run find on ${connection.database}_ledger. ${advice()}`,
    );
    expect(await refusal(locked(limited))).toBe(
      `${server} does not let limited run listCollections on ${connection.database}_ledger. ${advice()}`,
    );
  });

  test("that owns both databases may migrate", async () => {
    const owner = await as(
      "owner",
      { role: "dbOwner", db: connection.database },
      { role: "dbOwner", db: `${connection.database}_ledger` },
    );
    const mongo = await locked(owner);
    await mongo.apply([migration("0001_make.ts", [{ create: "runs" }, { collMod: "runs", validationLevel: "off" }])]);
    expect((await mongo.readLedger()).version).toBe("0001_make.ts");
    await mongo.close();
  });
});

test("what else the server refuses is told with its reason", async () => {
  const wrong = { ...connection, database: `${"long".repeat(15)}name` };
  expect(await refusal(locked(wrong))).toBe(
    `MongoDB at ${connection.host}:${connection.port} refuses what the migrator needs (InvalidNamespace): ` +
      `Invalid database name: '${wrong.database}_ledger'. Mend that, and run \`pulumi up\` again: it goes on where this run stopped.`,
  );
});
