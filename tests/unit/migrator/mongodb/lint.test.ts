import { describe, expect, test } from "@jest/globals";
import { lintSteps } from "../../../../migrator/mongodb/lint.ts";
import { foldStep, type Schema } from "../../../../migrator/mongodb/model.ts";
import { parseSteps } from "../../../../migrator/mongodb/steps.ts";
import type { SourceFile } from "../../../../migrator/types.ts";

const fileOf = (steps: object[], directive = "", name = "0002_x.ts"): SourceFile => ({
  name,
  path: name,
  text: name.endsWith(".json") ? JSON.stringify(steps) : `${directive}\nexport default ${JSON.stringify(steps)};`,
  checksum: "",
});
const fold = (schema: Schema, steps: object[], fresh: boolean) => {
  for (const { command } of parseSteps(fileOf(steps)).steps) foldStep(schema, command, fresh);
  return schema;
};
/** Of a pending file with these steps, after applied ones that made `runs`. */
const findings = (steps: object[], before: object[] = [{ create: "runs" }], directive = "", name = "0002_x.ts") => {
  const file = fileOf(steps, directive, name);
  return lintSteps(file, parseSteps(file), fold(new Map(), before, false));
};
const wayOn = (rule: string) => ` If it is meant, state why in the file: // migrate: allow ${rule}: reason`;
const uniqueName = { key: { name: 1 }, name: "name", unique: true };

describe("is told", () => {
  const hide = `Hide it first, and see who misses it: { collMod: "runs", index: { name: "...", hidden: true } }.`;
  const slow = "queries that use such an index become slow, and what it kept unique may be doubled";
  const expired =
    "from now on and without a trace; those that are that old today at once. " +
    "Count them first, and archive what is still needed.";

  test.each<[object, string, string]>([
    [
      { drop: "runs" },
      "drop-collection",
      "Collection runs is dropped with all its documents: nothing but a backup has them then.",
    ],
    [{ dropIndexes: "runs", index: "a" }, "drop-index", `This drops index a of runs: ${slow}. ${hide}`],
    [{ dropIndexes: "runs", index: ["a", "b"] }, "drop-index", `This drops indexes a and b of runs: ${slow}. ${hide}`],
    [{ dropIndexes: "runs", index: { a: 1 } }, "drop-index", `This drops the index of runs on (a): ${slow}. ${hide}`],
    [{ dropIndexes: "runs", index: "*" }, "drop-index", `This drops all indexes of runs: ${slow}. ${hide}`],
    [
      { renameCollection: "runs", to: "trials" },
      "rename-collection",
      "Collection runs is called trials from now on: programs that use the old name find nothing there, " +
        "and what they write makes a new collection without validator and indexes. Change or stop them first.",
    ],
    [
      { delete: "runs", deletes: [{ q: {}, limit: 0 }] },
      "delete-all",
      "Every document of runs is deleted: nothing but a backup has them then.",
    ],
    [
      { createIndexes: "runs", indexes: [{ key: { at: 1 }, name: "at", expireAfterSeconds: 60 }] },
      "ttl-index",
      `Documents of runs are deleted 60 seconds after at, ${expired}`,
    ],
    [
      { collMod: "runs", index: { name: "at", expireAfterSeconds: 60 } },
      "ttl-index",
      `Documents of runs are deleted 60 seconds after the time that index at holds, ${expired}`,
    ],
    [
      { collMod: "runs", expireAfterSeconds: 60 },
      "ttl-index",
      `Documents of runs are deleted 60 seconds after their time, ${expired}`,
    ],
    [
      { update: "runs", updates: [{ q: { kind: "a" }, u: { $unset: { tags: "", notes: "" } }, multi: true }] },
      "lose-fields",
      "Documents of runs lose tags and notes: nothing but a backup has the values then.",
    ],
    [
      { update: "runs", updates: [{ q: { kind: "a" }, u: [{ $unset: "tags" }] }] },
      "lose-fields",
      "Documents of runs lose tags: nothing but a backup has the values then.",
    ],
    [
      { update: "runs", updates: [{ q: { a: { $exists: true } }, u: { $rename: { a: "b" } }, multi: true }] },
      "lose-fields",
      "Field a of runs is called b from now on: programs that use the old name find nothing there, and a value that b had is lost.",
    ],
    [
      { update: "runs", updates: [{ q: { kind: "a" }, u: [{ $project: { _id: 1 } }], multi: true }] },
      "lose-fields",
      "Documents of runs are written anew by $project: nothing but a backup has what it leaves out.",
    ],
    [
      { update: "runs", updates: [{ q: { kind: "a" }, u: [{ $replaceWith: {} }], multi: true }] },
      "lose-fields",
      "Documents of runs are written anew by $replaceWith: nothing but a backup has what it leaves out.",
    ],
    [
      { update: "runs", updates: [{ q: { kind: "a" }, u: [{ $set: { a: "$$REMOVE" } }], multi: true }] },
      "lose-fields",
      "Documents of runs lose a: nothing but a backup has the values then.",
    ],
    [
      { collMod: "runs", cappedSize: 4096, cappedMax: 5 },
      "shrink-capped",
      "The oldest documents of runs are deleted where they are more than 4096 bytes or 5 documents.",
    ],
  ])("as destructive: %j", (step, rule, message) => {
    expect(findings([{ create: "other" }, step])).toEqual([
      { rule, severity: "destructive", place: "step 2", message: message + wayOn(rule) },
    ]);
  });

  test.each<[object, string, string]>([
    [
      { update: "runs", updates: [{ q: {}, u: { $set: { a: 1 } }, multi: true }] },
      "update-all",
      "Every document of runs is changed, also those that need it not. State in q which documents need it.",
    ],
    [
      { createIndexes: "runs", indexes: [uniqueName] },
      "unique-index",
      "A unique index on runs fails where two documents are alike in name. Look for them first: " +
        'db.getCollection("runs").aggregate([{"$project":{"value1":"$name"}},{"$unwind":{"path":"$value1","preserveNullAndEmptyArrays":true}},' +
        '{"$group":{"_id":"$value1","documents":{"$addToSet":"$_id"}}},' +
        '{"$match":{"documents.1":{"$exists":true}}}]).',
    ],
    [
      {
        createIndexes: "runs",
        indexes: [{ key: { a: 1, "b.c": 1 }, name: "a", unique: true, partialFilterExpression: { done: true } }],
      },
      "unique-index",
      "A unique index on runs fails where two documents are alike in a and b.c. Look for them first: " +
        'db.getCollection("runs").aggregate([{"$match":{"done":true}},{"$project":{"value1":"$a","value2":"$b.c"}},' +
        '{"$unwind":{"path":"$value1","preserveNullAndEmptyArrays":true}},{"$unwind":{"path":"$value2","preserveNullAndEmptyArrays":true}},' +
        '{"$group":{"_id":["$value1","$value2"],"documents":{"$addToSet":"$_id"}}},' +
        '{"$match":{"documents.1":{"$exists":true}}}]).',
    ],
    [
      { collMod: "runs", index: { name: "name", unique: true } },
      "unique-index",
      "A unique index on runs fails where two documents are alike in index name. Look for them first: " +
        "set prepareUnique, which refuses new ones, and run collMod with dryRun.",
    ],
    [
      { collMod: "runs", index: { name: "a", hidden: true } },
      "hide-index",
      "This hides index a of runs: queries that use it become slow until it is shown again.",
    ],
  ])("as a warning: %j", (step, rule, message) => {
    expect(findings([step])).toEqual([{ rule, severity: "warning", place: "step 1", message }]);
  });

  test.each<object>([
    {},
    { _id: { $exists: true } },
    { _id: { $exists: 1 } },
    { $or: [{}] },
    { $and: [{}, { $expr: true }] },
    { $expr: true },
    { $expr: 1 },
  ])("of all documents, which %j means", (q) => {
    const steps = [
      { update: "runs", updates: [{ q, u: { $set: { a: 1 } }, multi: true }] },
      { delete: "runs", deletes: [{ q, limit: 0 }] },
    ];
    expect(findings(steps).map(({ rule }) => rule)).toEqual(["update-all", "delete-all"]);
  });

  test("of a unique index that is written with a number, with its collation and for a sparse one", () => {
    const index = { ...uniqueName, unique: 1, sparse: true, collation: { locale: "en", strength: 2 } };
    expect(findings([{ createIndexes: "runs", indexes: [index] }])).toEqual([
      {
        rule: "unique-index",
        severity: "warning",
        place: "step 1",
        message:
          "A unique index on runs fails where two documents are alike in name. Look for them first: " +
          'db.getCollection("runs").aggregate([{"$match":{"$or":[{"name":{"$exists":true}}]}},{"$project":{"value1":"$name"}},' +
          '{"$unwind":{"path":"$value1","preserveNullAndEmptyArrays":true}},' +
          '{"$group":{"_id":"$value1","documents":{"$addToSet":"$_id"}}},{"$match":{"documents.1":{"$exists":true}}}], ' +
          '{"collation":{"locale":"en","strength":2}}).',
      },
    ]);
  });

  test("of an index that becomes unique, by the fields that the migrations gave it", () => {
    const before = [{ create: "runs" }, { createIndexes: "runs", indexes: [{ key: { a: 1 }, name: "a" }] }];
    const [found] = findings([{ collMod: "runs", index: { name: "a", unique: true } }], before);
    expect(found?.message).toContain('alike in a. Look for them first: db.getCollection("runs").aggregate(');
  });

  test("of views apart from collections", () => {
    const before = [{ create: "runs" }, { create: "newest", viewOn: "runs", pipeline: [] }];
    const steps = [{ collMod: "newest", viewOn: "runs", pipeline: [{ $limit: 1 }] }, { drop: "newest" }];
    expect(findings(steps, before)).toEqual([
      {
        rule: "change-view",
        severity: "warning",
        place: "step 1",
        message: "View newest is defined anew: queries that use it find something else.",
      },
      {
        rule: "drop-view",
        severity: "warning",
        place: "step 2",
        message: "View newest is dropped: queries that use it find nothing.",
      },
    ]);
  });

  test("of documents that end sooner, and not of those that end later", () => {
    const before = [
      { create: "runs", expireAfterSeconds: 60 },
      { createIndexes: "runs", indexes: [{ key: { at: 1 }, name: "at", expireAfterSeconds: 60 }] },
    ];
    const steps = [
      { collMod: "runs", expireAfterSeconds: 90 },
      { collMod: "runs", index: { name: "at", expireAfterSeconds: 90 } },
      { collMod: "runs", index: { keyPattern: { at: 1 }, expireAfterSeconds: 80 } },
      { collMod: "runs", expireAfterSeconds: 80 },
      { collMod: "runs", expireAfterSeconds: { $numberLong: "9" } },
      { collMod: "runs", expireAfterSeconds: { $numberLong: "1000" } },
    ];
    expect(findings(steps, before).map(({ place, rule }) => [place, rule])).toEqual([
      ["step 3", "ttl-index"],
      ["step 4", "ttl-index"],
      ["step 5", "ttl-index"],
    ]);
  });

  test("with the reason where the file allows it", () => {
    const directive = "// migrate: allow drop-collection: it moved\n// migrate: allow unique-index: looked";
    const found = findings([{ createIndexes: "runs", indexes: [uniqueName] }, { drop: "runs" }], undefined, directive);
    expect(found.map(({ rule, allowed }) => [rule, allowed])).toEqual([
      ["unique-index", "looked"],
      ["drop-collection", "it moved"],
    ]);
  });

  test("with the way on in JSON", () => {
    expect(findings([{ drop: "runs" }], undefined, "", "0002_x.json")[0]?.message).toMatch(
      / If it is meant, state why in the file: "allow": \{ "drop-collection": "reason" \}$/,
    );
  });

  test("of a collection that no migration made", () => {
    expect(findings([{ drop: "strange" }]).map(({ rule }) => rule)).toEqual(["drop-collection"]);
  });
});

describe("nothing is told", () => {
  const update = (u: object[]) => ({ update: "runs", updates: [{ q: { a: 1 }, u, multi: true }] });
  const dangerous = [
    { createIndexes: "runs", indexes: [{ ...uniqueName, expireAfterSeconds: 60 }] },
    { collMod: "runs", validator: { $jsonSchema: { required: ["name"] } } },
    { update: "runs", updates: [{ q: {}, u: [], multi: true }] },
    { delete: "runs", deletes: [{ q: {}, limit: 0 }] },
    { dropIndexes: "runs", index: "*" },
    { renameCollection: "runs", to: "trials" },
    { drop: "trials" },
  ];

  test("of a collection that the file makes itself", () => {
    expect(findings([{ create: "runs" }, ...dangerous], [{ create: "other" }])).toEqual([]);
  });

  test("of a collection that a pending file makes before it", () => {
    const file = fileOf(dangerous);
    expect(lintSteps(file, parseSteps(file), fold(new Map(), [{ create: "runs" }], true))).toEqual([]);
  });

  test.each([
    { delete: "runs", deletes: [{ q: { a: 1 }, limit: 0 }] },
    { delete: "runs", deletes: [{ q: {}, limit: 1 }] },
    { update: "runs", updates: [{ q: { a: 1 }, u: [], multi: true }] },
    { insert: "runs", documents: [{ _id: 1 }] },
    { createIndexes: "runs", indexes: [{ key: { a: 1 }, name: "a" }] },
    { collMod: "runs", index: { name: "a", hidden: false } },
    { update: "runs", updates: [{ q: { _id: 1 }, u: { a: 1 } }] },
    { update: "runs", updates: [{ q: { _id: { $exists: true, $gt: 5 } }, u: { $set: { a: 1 } }, multi: true }] },
    { delete: "runs", deletes: [{ q: { $or: [{ a: 1 }, { b: 1 }] }, limit: 0 }] },
    { collMod: "runs", index: { name: "a", expireAfterSeconds: "off" } },
    { create: "others", validator: { a: 1 } },
    update([{ $replaceWith: { $mergeObjects: [{ a: 1 }, "$$ROOT"] } }]),
    update([{ $replaceRoot: { newRoot: { $mergeObjects: ["$$ROOT", { a: 1 }] } } }]),
    update([{ $set: { email: { $ifNull: ["$mail", "$$REMOVE"] } } }]),
    update([{ $set: { own: "$a" } }, { $set: { b: "$own" } }, { $unset: "own" }]),
  ])("of %j", (step) => {
    expect(findings([step])).toEqual([]);
  });
});

describe("a validator", () => {
  const validator = (schema: object) => ({ $jsonSchema: { bsonType: "object", ...schema } });
  const changed = (before: object, after: object) =>
    findings([{ collMod: "runs", ...after }], [{ create: "runs", ...before }]);
  const told = (changes: string, refused = "refused", name = "runs") =>
    `The validator of ${name} ${changes}. Documents that break it are kept, but each later update of one is ${refused}. ` +
    'Mend them in a step before it, or leave them alone with validationLevel: "moderate".';
  const named = { properties: { name: { bsonType: "string" } } };

  test.each<[object, object, string]>([
    [{ required: ["a"] }, { required: ["a", "b", "c"] }, "requires b, c"],
    [named, { properties: { name: { bsonType: "string", minLength: 1 } } }, "has a new minLength for name"],
    [{}, named, "wants name to be string"],
    [{}, { properties: { a: { properties: { b: { enum: [1, "x"] } } } } }, 'lets a.b be only 1 or "x"'],
    [{ properties: { a: { enum: ["x", "y"] } } }, { properties: { a: { enum: ["x"] } } }, 'no longer lets a be "y"'],
    [
      { properties: { a: { bsonType: "number" } } },
      { properties: { a: { bsonType: ["int", "long"] } } },
      "wants a to be int or long",
    ],
    [{ properties: { a: { maximum: 5 } } }, { properties: { a: { maximum: 4 } } }, "has another maximum for a"],
    [
      { properties: { a: { minimum: 5 } } },
      { properties: { a: { minimum: { $numberDecimal: "5.5" } } } },
      "has another minimum for a",
    ],
    [{ properties: { a: { pattern: "a" } } }, { properties: { a: { pattern: "b" } } }, "has another pattern for a"],
    [{ properties: { a: {} } }, { properties: { a: { uniqueItems: true } } }, "has a new uniqueItems for a"],
    [{ properties: { a: {} } }, { properties: { a: { items: { required: ["b"] } } } }, "requires a[].b"],
    [
      { properties: { a: { oneOf: [{}] } } },
      { properties: { a: { oneOf: [{ type: "string" }] } } },
      "has another oneOf for a",
    ],
    [named, { ...named, additionalProperties: false }, "lets a document have no fields that it does not name"],
    [
      { ...named, additionalProperties: false },
      { properties: {}, additionalProperties: false },
      "no longer lets in name",
    ],
    [
      {},
      { additionalProperties: { bsonType: "int" } },
      "has another rule for the fields of a document that it does not name",
    ],
    [{ required: [] }, { required: "a" }, "can't be compared with the earlier one"],
    [
      {},
      { required: ["a"], properties: Object.fromEntries([..."bcdefg"].map((field) => [field, { enum: [1] }])) },
      "requires a, lets b be only 1, lets c be only 1, lets d be only 1, lets e be only 1 and 2 more",
    ],
  ])("of which %j becomes %j is tightened", (before, after, changes) => {
    expect(changed({ validator: validator(before) }, { validator: validator(after) })).toEqual([
      {
        rule: "tighten-validator",
        severity: "destructive",
        place: "step 1",
        message: told(changes) + wayOn("tighten-validator"),
      },
    ]);
  });

  test.each<[object, object]>([
    [named, {}],
    [{ required: ["a", "b"] }, { required: ["b"] }],
    [{ properties: { a: { enum: [1] } } }, { properties: { a: { enum: [2, 1] } } }],
    [{ properties: { a: { bsonType: "int" } } }, { properties: { a: { bsonType: "number", description: "x" } } }],
    [{ properties: { a: { bsonType: "int" } } }, { properties: { a: { type: "number" } } }],
    [{ properties: { a: { bsonType: ["int", "bool"] } } }, { properties: { a: { type: ["number", "boolean"] } } }],
    [{ properties: { a: { minimum: 1, maxLength: 5 } } }, { properties: { a: { minimum: 0, maxLength: 6 } } }],
    [{ properties: { a: { uniqueItems: true, oneOf: [{}] } } }, { properties: { a: { uniqueItems: false } } }],
    [{ additionalProperties: false }, { ...named, additionalProperties: false }],
    [{ ...named, additionalProperties: false }, named],
  ])("of which %j becomes %j is loosened, and not told", (before, after) => {
    expect(changed({ validator: validator(before) }, { validator: validator(after) })).toEqual([]);
  });

  const rule = { validator: { a: 1 } };
  test.each<[object, object, string]>([
    [rule, { validator: { $and: [{ a: 1 }, { b: 2 }] } }, 'asks that {"b":2}'],
    [{ validator: validator(named) }, { validator: { $and: [validator(named), { b: 2 }] } }, 'asks that {"b":2}'],
    [
      {},
      { validator: { $and: [validator({ required: ["a"] }), validator({ required: ["b"] })] } },
      "has several schemas, which can't be compared with the earlier ones",
    ],
    [
      { ...rule, validationLevel: "moderate" },
      { validationLevel: "strict" },
      "holds for documents that it left alone before",
    ],
    [{ ...rule, validationAction: "warn" }, { validationAction: "error" }, "refuses what it only logged before"],
  ])("%j that becomes %j is tightened", (before, after, changes) => {
    expect(changed(before, after)).toMatchObject([
      { severity: "destructive", message: told(changes) + wayOn("tighten-validator") },
    ]);
  });

  test.each<[object, object]>([
    [rule, { validator: {} }],
    [rule, { validationAction: "warn" }],
    [rule, { validationLevel: "moderate" }],
    [rule, { validator: { b: 1 }, validationLevel: "off" }],
    [{ ...rule, validationLevel: "off" }, { validator: { b: 1 } }],
    [{ validationLevel: "moderate" }, { validationLevel: "strict" }],
    [{ validator: { $and: [{ a: 1 }, { b: 1 }] } }, { validator: { b: 1 } }],
  ])("%j that becomes %j is not told", (before, after) => {
    expect(changed(before, after)).toEqual([]);
  });

  test("that only logs is a warning", () => {
    expect(changed({ validationAction: "warn" }, { validator: { a: 1 } })).toEqual([
      { rule: "tighten-validator", severity: "warning", place: "step 1", message: told('asks that {"a":1}', "logged") },
    ]);
  });

  test("that leaves earlier documents alone still refuses new ones, which is a warning", () => {
    const message = (changes: string) =>
      `The validator of runs ${changes}. Documents that break it are kept and may be updated, but each new one is refused. ` +
      "Change first the programs that insert them.";
    const found = (before: object, after: object) =>
      changed(before, after).map(({ severity, message }) => [severity, message]);
    expect(found(rule, { validator: { b: 1 }, validationLevel: "moderate" })).toEqual([
      ["warning", message('asks that {"b":1}')],
    ]);
    expect(found({ ...rule, validationLevel: "off" }, { validationLevel: "moderate" })).toEqual([
      ["warning", message("holds for documents that it left alone before")],
    ]);
  });

  test("is compared with the one that the file set before, and under the name that it gave", () => {
    const steps = [
      { collMod: "trials", validator: { a: 1 } },
      { collMod: "trials", validator: { a: 1, b: 1 } },
    ];
    const applied = [
      { create: "runs", validator: { a: 1 } },
      { renameCollection: "runs", to: "trials" },
    ];
    expect(findings(steps, applied).map(({ place }) => place)).toEqual(["step 2"]);
  });

  test("is compared when create meets a collection that is there", () => {
    expect(findings([{ create: "runs", validator: { a: 1 } }]).map(({ rule }) => rule)).toEqual(["tighten-validator"]);
  });

  test("whose collection no migration made is not known", () => {
    expect(findings([{ collMod: "strange", validator: { a: 1 } }])).toMatchObject([
      {
        severity: "destructive",
        message:
          told("may ask what none asked before: no migration tells the earlier one", "refused", "strange") +
          wayOn("tighten-validator"),
      },
    ]);
    expect(findings([{ collMod: "strange", validator: {} }])).toEqual([]);
  });
});
