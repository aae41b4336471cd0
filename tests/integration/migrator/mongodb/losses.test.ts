import { beforeEach, expect, jest, test } from "@jest/globals";
import type { Db, Document } from "mongodb";
import { lossesOf } from "../../../../migrator/mongodb/losses.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";

jest.setTimeout(300_000);

let database: Db;
useMongo(({ client, connection }) => {
  database = client.db(connection.database);
});

// Three runs, of which two have tags.
beforeEach(async () => {
  await database.collection<{ _id: number; [field: string]: unknown }>("runs").insertMany([
    { _id: 1, tags: ["a"], items: [{ a: 1, b: 1 }], at: new Date() },
    { _id: 2, tags: [], kind: "x" },
    { _id: 3, kind: "y" },
  ]);
  await database.createCollection("log", { capped: true, size: 8192, max: 10 });
  await database.collection<{ _id: number }>("log").insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
  await database.createCollection("ticks", { timeseries: { timeField: "at" }, expireAfterSeconds: 1e9 });
  await database.collection("ticks").insertOne({ at: new Date() });
  await database.createCollection("recent", { viewOn: "runs", pipeline: [] });
  await database.createIndex("runs", { at: 1 }, { name: "at", expireAfterSeconds: 1000 });
});

const update = (u: unknown, more: object = {}) => ({ update: "runs", updates: [{ q: {}, u, multi: true, ...more }] });

test.each<[Document, string[]]>([
  [{ drop: "runs" }, ["3 documents of runs"]],
  [{ drop: "ticks" }, ["1 document of ticks"]],
  [{ drop: "recent" }, []],
  [{ drop: "strange" }, []],
  [
    { delete: "runs", deletes: [{ q: { kind: "X" }, limit: 0, collation: { locale: "en", strength: 1 } }] },
    ["1 document of runs"],
  ],
  [
    { delete: "runs", deletes: [{ q: { $expr: { $eq: ["$kind", "$$kind"] } }, limit: 0 }], let: { kind: "x" } },
    ["1 document of runs"],
  ],
  [
    {
      delete: "runs",
      deletes: [
        { q: {}, limit: 1 },
        { q: { _id: 9 }, limit: 0 },
      ],
    },
    ["1 document of runs"],
  ],
  [update({ $unset: { tags: "", more: "" } }), ["2 values of field tags of runs"]],
  [update({ $unset: { tags: "" } }, { q: { kind: "x" } }), ["1 value of field tags of runs"]],
  [update({ $unset: { tags: "" } }, { multi: false }), ["1 value of field tags of runs"]],
  [update({ $unset: { "items.$[].b": "" } }), ["1 value of field items.$[].b of runs"]],
  [update([{ $unset: ["tags", "kind"] }]), ["2 values of field tags of runs", "2 values of field kind of runs"]],
  [update([{ $unset: "tags" }]), ["2 values of field tags of runs"]],
  [update({ $rename: { kind: "sort" } }), []],
  [update({ $rename: { kind: "tags" } }), ["1 value of field tags of runs"]],
  [update([{ $project: { kind: 1 } }]), ["3 documents of runs, rewritten by $project"]],
  [update([{ $replaceWith: {} }], { q: { _id: 1 } }), ["1 document of runs, rewritten by $replaceWith"]],
  [update([{ $set: { tags: "$$REMOVE" } }]), ["2 values of field tags of runs"]],
  [update({ kind: "z" }, { multi: false }), ["1 document of runs, rewritten by a whole document"]],
  [update({}, { multi: false }), ["1 document of runs, rewritten by a whole document"]],
  [update({ $set: { kind: "z" } }), []],
  [{ collMod: "log", cappedSize: 4096 }, ["the oldest documents of log beyond 4096 bytes"]],
  [{ collMod: "log", cappedSize: 16384 }, []],
  [{ collMod: "log", cappedMax: 1 }, ["2 documents of log"]],
  [{ collMod: "log", cappedMax: 5 }, []],
  [{ collMod: "ticks", expireAfterSeconds: 60 }, ["1 document of ticks 60 seconds after their time"]],
  [{ collMod: "ticks", expireAfterSeconds: "off" }, []],
  [{ collMod: "runs", index: { name: "at", expireAfterSeconds: 60 } }, ["1 document of runs 60 seconds after at"]],
  [
    { collMod: "runs", index: { keyPattern: { at: 1 }, expireAfterSeconds: 60 } },
    ["1 document of runs 60 seconds after at"],
  ],
  [{ collMod: "runs", index: { name: "at", expireAfterSeconds: 2000 } }, []],
  [{ createIndexes: "runs", indexes: [{ key: { kind: 1 }, name: "k", expireAfterSeconds: 60 }] }, []],
  [
    { createIndexes: "runs", indexes: [{ key: { at: -1 }, name: "x", expireAfterSeconds: 60 }] },
    ["1 document of runs 60 seconds after at"],
  ],
])("%j would lose %j", async (command, losses) => {
  expect(await lossesOf(database, [command])).toEqual(losses);
});

test("a collection that is renamed first is counted as it is today", async () => {
  const steps = [{ renameCollection: "runs", to: "trials" }, { drop: "trials" }];
  expect(await lossesOf(database, steps)).toEqual(["3 documents of trials"]);
});
