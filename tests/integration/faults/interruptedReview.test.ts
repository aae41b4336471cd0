import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { connectMongo } from "../../../migrator/mongodb/connection.ts";
import { previewOn } from "../../../migrator/preview.ts";
import { migrate, readLedger } from "../../../migrator/run.ts";
import type { Connection, Engine } from "../../../migrator/types.ts";
import { startPostgres, type Server } from "../../support/databases.ts";
import { interrupted } from "../../support/interrupted.ts";
import { folder, migrationsOf, refusal } from "../../support/migrations.ts";
import { asOwner, freshMongo, freshPostgres, readyMongo } from "../../support/migratorDatabases.ts";
import { expectSettled } from "../../support/settled.ts";
import { expectUnchanged, stateOf } from "../../support/unchanged.ts";

// The second file is harmless as long as nobody uses what the first one made. A run is killed between the two.
jest.setTimeout(300_000);

const files = {
  postgresql: {
    "0001_create_a.sql": 'CREATE TABLE a (n int, old int);\nCREATE TABLE "order" (n int, old int);\n',
    "0002_change_a.sql":
      '-- migrate: no-transaction\nALTER TABLE "order" DROP COLUMN old;\nALTER TABLE a DROP COLUMN old;\n',
  },
  mongodb: {
    "0001_create_a.json": '[{ "create": "a" }]\n',
    "0002_change_a.json": '[{ "collMod": "a", "validator": { "n": { "$type": "int" } } }]\n',
  },
};
const refused = {
  postgresql:
    "0002_change_a.sql line 3: Column old of a goes with its values: nothing but a backup has them then. If it is meant, " +
    "state why in the file: -- migrate: allow drop-column: reason\nNothing was applied.",
  mongodb:
    '0002_change_a.json step 1: The validator of a asks that {"n":{"$type":"int"}}. Documents that break it are kept, but each ' +
    "later update of one is refused. Mend them in a step before it, or leave them alone with " +
    'validationLevel: "moderate". If it is meant, state why in the file: "allow": { "tighten-validator": "reason" }\n' +
    "Nothing was applied.",
};

let postgres: Server;
let mongo: { server: Server; connection: Connection };
beforeAll(async () => {
  [postgres, mongo] = await Promise.all([startPostgres(), readyMongo()]);
});
afterAll(async () => {
  await postgres?.remove();
  await mongo?.server.remove();
});

async function insertRow(engine: Engine, connection: Connection): Promise<void> {
  if (engine === "postgresql") {
    await asOwner(connection, (client) => client.query("INSERT INTO a VALUES (1, 1)"));
    return;
  }
  const client = await connectMongo(connection);
  await client.db(connection.database).collection("a").insertOne({ n: 1 });
  await client.close();
}

describe.each(["postgresql", "mongodb"] as const)("what a killed run on %s made", (engine) => {
  const server = () => (engine === "postgresql" ? postgres : mongo.server);
  const change = engine === "postgresql" ? "DROP COLUMN" : "collMod";

  async function killedBetween() {
    const directory = folder(files[engine]);
    const connection = engine === "postgresql" ? await freshPostgres(postgres) : freshMongo(mongo.connection);
    const { signal } = await interrupted(engine, connection, directory, (message) =>
      message.includes(change) && message.includes(engine === "mongodb" ? connection.database : "old")
        ? "before"
        : "pass",
    );
    expect(signal).toBe("SIGKILL");
    expect((await readLedger(engine, connection)).migrations).toHaveLength(1);
    return { connection, request: { ...migrationsOf(engine, connection, directory), lockWait: 40 }, directory };
  }

  test("is new for the next run, too, as long as it is empty", async () => {
    const { connection, request, directory } = await killedBetween();
    expect(await previewOn(engine, connection, directory)).toMatchObject({ refusals: [] });
    expect(await migrate(engine, request)).toMatchObject({ added: [Object.keys(files[engine])[1]] });
    await expectSettled(engine, server(), connection, directory);
  });

  test("is all that is new for it: what stood before the first run is not", async () => {
    if (engine === "mongodb") return;
    const connection = await freshPostgres(postgres);
    await asOwner(connection, (client) => client.query("CREATE TABLE b (old int)"));
    const directory = folder({ ...files.postgresql, "0003_change_b.sql": "ALTER TABLE b DROP COLUMN old;\n" });
    // The whole is refused as it stands; the run that is killed has the first two files alone.
    await interrupted(engine, connection, folder(files.postgresql), (message) =>
      message.includes("DROP COLUMN") ? "before" : "pass",
    );
    expect(await refusal(migrate(engine, { ...migrationsOf(engine, connection, directory), lockWait: 40 }))).toBe(
      "0003_change_b.sql line 1: Column old of b goes with its values: nothing but a backup has them then. If it is meant, " +
        "state why in the file: -- migrate: allow drop-column: reason\nNothing was applied.",
    );
  });

  test("is not new any more once somebody has put a row into it", async () => {
    const { connection, request } = await killedBetween();
    await insertRow(engine, connection);
    const before = await stateOf(engine, connection);
    expect(await refusal(migrate(engine, request))).toBe(refused[engine]);
    await expectUnchanged(engine, connection, before);
  });
});
