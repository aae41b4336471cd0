import { expect, test } from "@jest/globals";
import { describeStep } from "../../../../migrator/mongodb/describe.ts";

const runs = "runs";

test.each<[object, string]>([
  [{ create: runs }, "creates collection runs"],
  [
    {
      create: runs,
      validator: { $jsonSchema: { required: ["name", "kind"] } },
      validationLevel: "strict",
      validationAction: "error",
    },
    "creates collection runs with a validator (requires name, kind)",
  ],
  [
    {
      create: runs,
      validator: { $and: [{ $jsonSchema: { required: ["name"] } }, { kind: "a" }] },
      validationLevel: "moderate",
      validationAction: "warn",
    },
    "creates collection runs with a validator (requires name), at level moderate and action warn",
  ],
  [
    { create: "newest", viewOn: runs, pipeline: [{ $limit: 1 }], collation: { locale: "de" } },
    'creates view newest on runs, with the pipeline [{"$limit":1}], with {"collation":{"locale":"de"}}',
  ],
  [
    { create: "log", capped: true, size: 1024, max: 10 },
    "creates capped collection log of at most 1024 bytes and 10 documents",
  ],
  [
    { create: "ticks", timeseries: { timeField: "at", metaField: "symbol" }, expireAfterSeconds: 60 },
    "creates time series collection ticks of what happened at at, about symbol, which deletes documents after 60 seconds",
  ],
  [
    { create: runs, clusteredIndex: { key: { _id: 1 }, unique: true }, collation: { locale: "de" }, storageEngine: {} },
    'creates clustered collection runs, with the collation de, with {"storageEngine":{}}',
  ],
  [{ collMod: runs, validator: { $jsonSchema: { required: ["name"] } } }, "sets the validator of runs (requires name)"],
  [{ collMod: runs, validator: {} }, "removes the validator of runs"],
  [{ collMod: runs, validationAction: "warn" }, "sets the validation of runs to action warn"],
  [
    { collMod: runs, validator: { kind: "a" }, validationLevel: "strict" },
    "sets the validator of runs and sets the validation of runs to level strict",
  ],
  [{ collMod: runs, index: { name: "kind", hidden: true } }, "hides index kind of runs"],
  [{ collMod: runs, index: { keyPattern: { kind: 1 }, hidden: false } }, "shows the index of runs on (kind)"],
  [{ collMod: runs, index: { name: "kind", unique: true } }, "makes index kind of runs unique"],
  [{ collMod: runs, index: { name: "kind", prepareUnique: true } }, "refuses new duplicates in index kind of runs"],
  [
    { collMod: runs, index: { name: "at", expireAfterSeconds: 60 } },
    "lets index at of runs delete documents 60 seconds after their time",
  ],
  [{ collMod: "newest", viewOn: runs, pipeline: [] }, "makes newest a view on runs, with the pipeline []"],
  [{ collMod: "ticks", expireAfterSeconds: 60 }, "deletes documents of ticks after 60 seconds"],
  [{ collMod: "ticks", expireAfterSeconds: "off" }, "lets documents of ticks stay"],
  [{ collMod: runs, cappedMax: 5 }, 'changes collection runs, with {"cappedMax":5}'],
  [
    { createIndexes: runs, indexes: [{ key: { name: 1 }, name: "name_1", unique: true }] },
    "creates unique index name_1 on runs (name)",
  ],
  [
    {
      createIndexes: runs,
      indexes: [
        { key: { kind: 1, at: -1 }, name: "newest", unique: true, partialFilterExpression: { done: true } },
        { key: { body: "text" }, name: "body", sparse: true, hidden: true, weights: { body: 1 } },
      ],
    },
    'creates unique index newest on runs (kind, at descending) where {"done":true} ' +
      'and sparse hidden index body on runs (body text), with {"weights":{"body":1}}',
  ],
  [
    {
      createIndexes: runs,
      indexes: [{ key: { at: 1 }, name: "old", expireAfterSeconds: 60, collation: { locale: "de" } }],
    },
    "creates index old on runs (at), which deletes documents 60 seconds after at, with the collation de",
  ],
  [
    {
      createIndexes: runs,
      indexes: [{ key: { a: 1 }, name: "a", collation: { locale: "de", strength: 1 } }],
      commitQuorum: 1,
    },
    'creates index a on runs (a), with the collation {"locale":"de","strength":1}, with {"commitQuorum":1}',
  ],
  [
    { create: "ticks", timeseries: { timeField: "at", granularity: "hours" } },
    'creates time series collection ticks of what happened at at, with {"granularity":"hours"}',
  ],
  [{ collMod: "newest", pipeline: [{ $limit: 1 }] }, 'gives newest the pipeline [{"$limit":1}]'],
  [{ drop: runs }, "drops runs"],
  [{ drop: runs, foo: 1 }, 'drops runs, with {"foo":1}'],
  [{ dropIndexes: runs, index: "a", foo: 1 }, 'drops index a of runs, with {"foo":1}'],
  [{ renameCollection: runs, to: "trials", foo: 1 }, 'renames collection runs to trials, with {"foo":1}'],
  [
    { insert: runs, documents: [{ _id: 1 }], bypassDocumentValidation: true },
    'inserts 1 document into runs, with {"bypassDocumentValidation":true}',
  ],
  [
    { delete: runs, deletes: [{ q: { a: 1 }, limit: 1, hint: "a" }], let: { b: 1 } },
    'deletes one document of runs where {"a":1}, with {"hint":"a"}, with {"let":{"b":1}}',
  ],
  [{ dropIndexes: runs, index: "*" }, "drops all indexes of runs"],
  [{ dropIndexes: runs, index: "a" }, "drops index a of runs"],
  [{ dropIndexes: runs, index: ["a", "b"] }, "drops indexes a and b of runs"],
  [{ dropIndexes: runs, index: { kind: 1 } }, "drops the index of runs on (kind)"],
  [{ renameCollection: runs, to: "trials" }, "renames collection runs to trials"],
  [{ insert: runs, documents: [{ _id: 1 }] }, "inserts 1 document into runs"],
  [{ insert: runs, documents: [{ _id: 1 }, { _id: 2 }, { _id: 3 }] }, "inserts 3 documents into runs"],
  [
    { update: runs, updates: [{ q: { kind: "a" }, u: { $unset: { tags: "" } }, multi: true }] },
    'updates documents of runs where {"kind":"a"} by {"$unset":{"tags":""}}',
  ],
  [
    { update: runs, updates: [{ q: {}, u: [{ $replaceWith: {} }], multi: true }] },
    'updates every document of runs by [{"$replaceWith":{}}]',
  ],
  [{ update: runs, updates: [{ q: {}, u: [] }] }, "updates any one document of runs by []"],
  [
    { update: runs, updates: [{ q: { _id: 1 }, u: { a: 1 }, upsert: true, hint: "a" }], ordered: false },
    'updates one document of runs where {"_id":1} by {"a":1}, and inserts one where there is none, with {"hint":"a"}, with {"ordered":false}',
  ],
  [{ delete: runs, deletes: [{ q: {}, limit: 0 }] }, "deletes every document of runs"],
  [{ delete: runs, deletes: [{ q: { kind: "a" }, limit: 1 }] }, 'deletes one document of runs where {"kind":"a"}'],
  [
    { delete: runs, deletes: [{ q: { kind: "a".repeat(200) }, limit: 0 }] },
    `deletes documents of runs where {"kind":"${"a".repeat(91)}…`,
  ],
  [{ createIndexes: runs }, `runs a command that can't be put in words: {"createIndexes":"runs"}`],
  [{ toString: 1 }, `runs a command that can't be put in words: {"toString":1}`],
  [{}, "runs a command that can't be put in words: {}"],
])("%j", (command, words) => {
  expect(describeStep(command)).toBe(words);
});

test("a command that holds itself is told as well", () => {
  const command: Record<string, unknown> = { create: "runs", validator: {} };
  command.storageEngine = command;
  expect(describeStep(command)).toBe("runs a command that can't be put in words: [object Object]");
});
