import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { hostname } from "node:os";
import { type Db, Decimal128, Double, Long, type MongoClient } from "mongodb";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import { seed } from "../../../../migrator/seedRun.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { folder, killDuring, migrationsOf, refusal, seedsOf, until, write } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const engine = "mongodb";
const create = `export default [{ create: "runs", validator: { name: { $type: "string" } } }];\n`;
const index = `export default [{ createIndexes: "runs", indexes: [{ key: { name: 1 }, name: "name", unique: true }] }];\n`;

let connection: Connection;
let client: MongoClient;
let database: Db;
useMongo((fresh) => {
  ({ connection, client } = fresh);
  database = client.db(connection.database);
});

const collections = async () => (await database.listCollections().toArray()).map(({ name }) => name).sort();
const lock = () =>
  client
    .db(`${connection.database}_ledger`)
    .collection<{ _id: string; owner?: string }>("lock")
    .findOne({ _id: "lock" });

describe("the lease", () => {
  test("makes a second run wait, and each migration is applied once", async () => {
    const request = migrationsOf(
      engine,
      connection,
      folder({ "0001_create_runs.ts": create, "0002_index_runs.ts": index }),
    );
    const reports = await Promise.all([1, 2, 3].map(() => migrate(engine, request)));
    expect(reports.flatMap(({ added }) => added)).toEqual(["0001_create_runs.ts", "0002_index_runs.ts"]);
    expect((await readLedger(engine, connection)).migrations).toHaveLength(2);
    expect((await lock())?.owner).toBeNull();
  });

  test("names its holder to whoever waited in vain", async () => {
    const since = new Date("2026-01-02T03:04:05.678Z");
    const expiresAt = new Date(Date.now() + 60_000);
    await client
      .db(`${connection.database}_ledger`)
      .collection<{ _id: string }>("lock")
      .insertOne({ _id: "lock", owner: "another", host: "far-away", pid: 4711, since, expiresAt } as { _id: string });
    const request = { ...migrationsOf(engine, connection, folder({ "0001_create_runs.ts": create })), lockWait: 0.5 };
    expect(await refusal(migrate(engine, request))).toBe(
      `Another run holds the migration lock of ${connection.database}: process 4711 on far-away, since 2026-01-02T03:04:05.678Z. ` +
        "It was waited for 0.5 s. Let it finish, or end that process; its lock is free 15 s later. Then run `pulumi up` again.",
    );
    expect(await lock()).toMatchObject({ owner: "another" });
  });

  test("of a run that was killed runs out, and the next run does the work", async () => {
    await database.createCollection("runs");
    // The first step waits for a lock that this transaction holds.
    const session = client.startSession();
    session.startTransaction();
    await database.collection("runs").insertOne({ name: "x" }, { session });
    const request = migrationsOf(
      engine,
      connection,
      folder({
        "0001_create_runs.ts": `export default [{ create: "markets" }, { collMod: "runs", validationLevel: "off" }];`,
      }),
    );
    await killDuring(engine, request, () => until(async () => (await collections()).includes("markets")));
    await session.abortTransaction();
    await session.endSession();

    expect(await lock()).toMatchObject({ host: hostname() });
    expect((await readLedger(engine, connection)).migrations).toEqual([]);
    expect((await migrate(engine, request)).applied).toEqual(["0001_create_runs.ts"]);
    expect((await lock())?.owner).toBeNull();
  });

  test("that another run took over is noticed, and nothing is recorded any more", async () => {
    await database.createCollection("runs");
    const session = client.startSession();
    session.startTransaction();
    await database.collection("runs").insertOne({ name: "x" }, { session });
    // The first step waits for a lock that this transaction holds, for longer than one heartbeat.
    const directory = folder({
      "0001_change_runs.ts": `export default [{ collMod: "runs", validationLevel: "off" }];`,
    });
    const run = refusal(migrate(engine, migrationsOf(engine, connection, directory)));
    await until(async () => typeof (await lock())?.owner === "string");
    // As a takeover does it: the owner is another, and the fence is raised.
    const locks = client.db(`${connection.database}_ledger`).collection<{ _id: string }>("lock");
    await locks.updateOne({ _id: "lock" }, { $set: { owner: "another" }, $inc: { token: 1 } });
    await locks.updateOne({ _id: "fence" }, { $inc: { token: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 5500));
    await session.abortTransaction();
    await session.endSession();
    expect(await run).toBe(
      "The lease on the MongoDB ledger was lost, because this run could not renew it in time. " +
        "It has written nothing to the ledger since. Run `pulumi up` again: it goes on where this one stopped.",
    );
    expect((await readLedger(engine, connection)).migrations).toEqual([]);
    expect(await lock()).toMatchObject({ owner: "another" });
  });
});

describe("seeds", () => {
  const document = (id: string, value: string) => `{ "_id": "${id}", "name": "${id}", "value": ${value} }`;
  const file = (...documents: string[]) => `{ "collection": "runs", "documents": [${documents.join(", ")}] }`;
  const runs = () => database.collection<{ _id: string; value?: unknown }>("runs");

  beforeEach(() => migrate(engine, migrationsOf(engine, connection, folder({ "0001_create_runs.ts": create }))));

  test("are inserted once, new documents when they are edited, and never overwrite or bring back what a user changed", async () => {
    const directory = folder({ "default/0001_runs.json": file(document("a", "1"), document("b", "2")) });
    await runs().insertOne({ _id: "b", name: "mine" } as { _id: string });
    expect(await seed(engine, seedsOf(engine, connection, directory))).toEqual({
      seeded: ["default/0001_runs.json"],
      changed: [],
    });
    expect(await runs().find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: "a", name: "a", value: 1 },
      { _id: "b", name: "mine" },
    ]);

    await runs().deleteOne({ _id: "a" });
    write(directory, { "default/0001_runs.json": file(document("a", "1"), document("c", "3")) });
    write(directory, { "dev/0001_sample.json": file(document("d", "4")) });
    expect(await seed(engine, seedsOf(engine, connection, directory, ["default", "dev"]))).toEqual({
      seeded: ["default/0001_runs.json", "dev/0001_sample.json"],
      changed: [],
    });
    expect((await runs().find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id)).toEqual(["b", "c", "d"]);
  });

  test("keep the types of Extended JSON", async () => {
    const values = ['{ "$numberDouble": "1.0" }', '{ "$numberLong": "5" }', '{ "$numberDecimal": "0.10" }'];
    const directory = folder({ "default/0001_runs.json": file(...values.map((value, i) => document(`${i}`, value))) });
    await seed(engine, seedsOf(engine, connection, directory));
    const found = await runs()
      .find({}, { promoteValues: false, sort: { _id: 1 } })
      .toArray();
    expect(found.map(({ value }) => value)).toEqual([new Double(1), Long.fromNumber(5), new Decimal128("0.10")]);
  });

  test("that break a rule keep nothing, and name the document and the rule", async () => {
    const directory = folder({ "default/0001_runs.json": file(document("a", "1"), '{ "_id": "b", "name": 7 }') });
    expect(await refusal(seed(engine, seedsOf(engine, connection, directory)))).toBe(
      'default/0001_runs.json: document with _id "b": Document failed validation; nothing was applied before it, ' +
        "nothing of default/0001_runs.json was kept. Mend the file, and run `pulumi up` again.",
    );
    expect(await runs().countDocuments()).toBe(0);
    expect((await readLedger(engine, connection)).seeds).toEqual([]);
  });

  test.each([
    ["{", /^.*0001_runs\.json is not Extended JSON \(.+\)\. A seed is /],
    ['{ "documents": [] }', /^.*0001_runs\.json is not a seed\. A seed is /],
    [
      '{ "collection": "runs", "documents": [{ "_id": 1 }, {}] }',
      /^.*0001_runs\.json has a document 2 without an _id\. A seed is /,
    ],
    [
      '{ "collection": "run", "documents": [] }',
      /^default\/0001_runs\.json: test_\w+ has no collection "run"; nothing was applied before it, nothing of default\/0001_runs\.json was kept\. Mend the file, and run `pulumi up` again\.$/,
    ],
  ])("like %j are refused", async (text, message) => {
    const directory = folder({ "default/0001_runs.json": text });
    expect(await refusal(seed(engine, seedsOf(engine, connection, directory)))).toMatch(message);
    expect((await readLedger(engine, connection)).seeds).toEqual([]);
  });
});
