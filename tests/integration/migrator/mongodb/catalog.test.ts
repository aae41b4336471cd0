import { expect, jest, test } from "@jest/globals";
import type { Db, Document } from "mongodb";
import { driftBetween } from "../../../../migrator/catalog.ts";
import { readMongoCatalog } from "../../../../migrator/mongodb/catalog.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { readMongoMigrations } from "../../../support/schemaMongo.ts";

jest.setTimeout(300_000);

let database: Db;
useMongo(({ client, connection }) => (database = client.db(connection.database)));

async function applySchema(): Promise<void> {
  for (const { steps } of await readMongoMigrations()) for (const step of steps) await database.command(step);
}

test("the real schema reads the same again, and when it is made again", async () => {
  expect(await readMongoCatalog(database)).toEqual({});
  await applySchema();
  const catalog = await readMongoCatalog(database);
  expect(catalog).toMatchObject({
    "collection simulator_configs": "",
    "index simulator_configs.simulator_version": 'on {"name":1,"version":1}\nunique',
  });
  expect(catalog["validator simulator_configs"]).toMatch(/^level strict, action error\n\n\{\n {2}"\$and": \[/);
  expect(await readMongoCatalog(database)).toEqual(catalog);
  await database.dropDatabase();
  await applySchema();
  expect(Object.entries(await readMongoCatalog(database))).toEqual(Object.entries(catalog));
});

const more: Document[] = [
  { create: "runs", validator: { name: { $type: "string" }, size: { $lt: 5 } } },
  {
    createIndexes: "runs",
    indexes: [
      { key: { name: 1 }, name: "name_1" },
      { key: { at: 1 }, name: "at_1", expireAfterSeconds: 60 },
    ],
  },
  { create: "log", capped: true, size: 4096 },
  { create: "ticks", timeseries: { timeField: "ts" } },
  { create: "recent", viewOn: "runs", pipeline: [{ $match: { size: 1 } }] },
];

/** Changes by hand, one after another, each with what is told of it. */
const changes: [command: Document, ...told: string[]][] = [
  [
    { collMod: "runs", validationAction: "warn" },
    "validator runs is level strict, action warn, and should be level strict, action error",
  ],
  [
    { collMod: "runs", validator: { name: { $type: "string" }, size: { $lt: 6 } } },
    'validator runs: line 6 is ""$lt": 6" and should be ""$lt": 5"',
  ],
  // A pattern that JavaScript doesn't know.
  [
    { collMod: "log", validator: { name: { $regex: "(?i)abc" } } },
    "validator log is there, but no migration made it: level strict, action error",
  ],
  [{ collMod: "log", validator: {} }, "validator log is missing"],
  [
    { collMod: "runs", changeStreamPreAndPostImages: { enabled: true } },
    'collection runs is changeStreamPreAndPostImages {"enabled":true}, and should not be',
  ],
  [
    { collMod: "recent", viewOn: "runs", pipeline: [{ $match: { size: 2 } }] },
    'view recent: line 4 is ""size": 2" and should be ""size": 1"',
  ],
  [
    { collMod: "runs", index: { name: "at_1", expireAfterSeconds: 90 } },
    "index runs.at_1 is expireAfterSeconds 90, and should be expireAfterSeconds 60",
  ],
  [{ collMod: "runs", index: { name: "name_1", hidden: true } }, "index runs.name_1 is hidden, and should not be"],
  [{ dropIndexes: "runs", index: "name_1" }, "index runs.name_1 is missing"],
  [
    { createIndexes: "runs", indexes: [{ key: { name: -1 }, name: "name_1", unique: true }] },
    'index runs.name_1 is there, but no migration made it: on {"name":-1}',
  ],
  [{ insert: "runs", documents: [{ name: "x", size: 1 }] }],
  [{ create: "notes" }, "collection notes is there, but no migration made it"],
  [{ drop: "log" }, "collection log is missing"],
  [{ drop: "ticks" }, "collection ticks is missing"],
  [{ drop: "runs" }, "collection runs is missing"],
  [{ drop: "recent" }, "view recent is missing"],
];

test("each change by hand is told in one sentence, and nothing else with it", async () => {
  for (const step of more) await database.command(step);
  let before = await readMongoCatalog(database);
  expect(Object.keys(before).filter((key) => key.includes("system."))).toEqual([]);
  const told: [Document, ...string[]][] = [];
  for (const [command] of changes) {
    await database.command({ ...command });
    const after = await readMongoCatalog(database);
    told.push([command, ...driftBetween(before, after)]);
    before = after;
  }
  expect(told).toEqual(changes);
});
