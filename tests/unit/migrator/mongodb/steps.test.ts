import { describe, expect, test } from "@jest/globals";
import { BSON, Decimal128, Double, Long, ObjectId } from "mongodb";
import { checksum } from "../../../../migrator/checksum.ts";
import { MigrationError } from "../../../../migrator/errors.ts";
import { parseQueries, parseSteps } from "../../../../migrator/mongodb/steps.ts";
import type { SourceFile } from "../../../../migrator/types.ts";

const fileOf = (text: string, name = "0002_x.ts"): SourceFile => ({ name, path: name, text, checksum: checksum(text) });
const commandsOf = (text: string, name?: string) => parseSteps(fileOf(text, name)).steps.map(({ command }) => command);
const commandOf = (step: string) => commandsOf(`export default [${step}];`)[0];
const inserted = (value: string) => commandOf(`{ insert: "runs", documents: [{ _id: ${value} }] }`)!.documents[0]._id;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    expect(error.migration).toMatch(/^0002_x/);
    return error.message;
  }
  throw new Error("was not refused");
}

describe("steps", () => {
  test("are numbered from 1, in TypeScript or JSON", () => {
    const typed = `import type { MongoSteps } from "./command.ts";
      // A comment.
      const steps: object[] = [{ create: "runs" }];
export default [...steps, { drop: "trials" }] satisfies MongoSteps;`;
    const expected = [
      { command: { create: "runs" }, number: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { command: { drop: "trials" }, number: 2, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ];
    const { steps } = parseSteps(fileOf(typed));
    expect(steps).toEqual(expected);
    for (const text of ['[{"create":"runs"},{"drop":"trials"}]', '{"steps":[{"create":"runs"},{"drop":"trials"}]}']) {
      expect(parseSteps(fileOf(text, "0002_x.json")).steps).toEqual(steps);
    }
  });

  test("may be exported by any name", () => {
    expect(commandsOf('const steps = [{ drop: "runs" }];\nexport default steps;')).toEqual([{ drop: "runs" }]);
  });

  test("are found below a comment and in a text with the same words", () => {
    const text = "const words = `\nexport default 1\n`;\n/*\nexport default [];\n*/\nexport default [{ drop: words }];";
    expect(commandsOf(text)).toEqual([{ drop: "\nexport default 1\n" }]);
  });

  test("have the same hash at each run, and another for other keys, orders and types", () => {
    const hashOf = (step: string) => parseSteps(fileOf(`export default [${step}];`)).steps[0]!.hash;
    const steps = [
      '{ create: "runs", validator: { a: 1, b: 1 } }',
      '{ create: "runs", validator: { b: 1, a: 1 } }',
      '{ create: "runs", validator: { a: 1, b: { $numberLong: "1" } } }',
      '{ create: "runs", validator: { a: 1, b: { $numberDouble: "1.0" } } }',
    ];
    expect(new Set(steps.map(hashOf)).size).toBe(steps.length);
    expect(steps.map(hashOf)).toEqual(steps.map(hashOf));
    expect(hashOf('{ drop: "a" }')).toBe("9f992677721e2a3ae03cabb1b5ea6683329bfa0ebfb2924c7c337ec5b36f320c");
  });

  test.each<[string, unknown]>([
    ['{ $oid: "0123456789abcdef01234567" }', new ObjectId("0123456789abcdef01234567")],
    ['{ $date: "2026-01-31" }', new Date("2026-01-31T00:00:00Z")],
    ['{ $date: "2026-01-31T01:00:00.5+01:00" }', new Date("2026-01-31T00:00:00.5Z")],
    ['{ $date: { $numberLong: "5" } }', new Date(5)],
    ['{ $numberDecimal: "1.50" }', new Decimal128("1.50")],
    ['{ $numberLong: "5" }', Long.fromNumber(5)],
    ['{ $numberDouble: "1.0" }', new Double(1)],
    ["{ $timestamp: { t: 1, i: 2 } }", new BSON.Timestamp({ t: 1, i: 2 })],
    ['{ $regularExpression: { pattern: "a", options: "i" } }', new BSON.BSONRegExp("a", "i")],
    ["{ $minKey: 1 }", new BSON.MinKey()],
  ])("turn %s into BSON", (written, value) => {
    expect(BSON.EJSON.stringify({ value: inserted(written) }, { relaxed: false })).toBe(
      BSON.EJSON.stringify({ value }, { relaxed: false }),
    );
    expect(inserted(written).constructor.name).toBe((value as object).constructor.name);
  });

  test("leave the operators of queries and numbers as they are", () => {
    const validator = {
      name: { $regex: "^a", $options: "i" },
      kind: { $type: "string", $in: ["a", "b"], $ne: null },
      size: { $lt: 1e15, $gt: 0.5 },
      $expr: { $eq: [{ $type: "$kind" }, { $literal: { $undefined: true } }] },
      code: { $code: "x" },
      link: { $ref: "runs", $id: 1 },
    };
    expect(commandOf(`{ create: "runs", validator: ${JSON.stringify(validator)} }`)).toEqual({
      create: "runs",
      validator,
    });
  });

  test("allow rules by directives at the start of a line, or in JSON", () => {
    const text = `// migrate: allow drop-collection: nobody uses it\n// Other: words.\nexport default [{ drop: "a" }];`;
    const json = '{"allow": {"drop-collection": "nobody uses it"}, "steps": [{"drop": "a"}]}';
    for (const file of [fileOf(text), fileOf(text.replaceAll("\n", "\r\n")), fileOf(json, "0002_x.json")]) {
      expect([...parseSteps(file).allowed]).toEqual([["drop-collection", "nobody uses it"]]);
    }
  });
});

describe("a step is refused:", () => {
  test.each([
    [
      '{ aggregate: "runs" }',
      "is aggregate. A migration is made of create, collMod, createIndexes, drop, dropIndexes, renameCollection, " +
        "insert, update and delete.",
    ],
    ['{ create: "" }', '(create) names no collection. Write { create: "runs", ... }.'],
    ['{ drop: "a", writeConcern: {} }', "(drop) states writeConcern, which the engine sets. Leave it out."],
    ['{ drop: "a", lsid: {} }', "(drop) states lsid, which the engine sets. Leave it out."],
    ['{ drop: "a", txnNumber: 1 }', "(drop) states txnNumber, which the engine sets. Leave it out."],
    ['{ drop: "a", comment: "b" }', "(drop) states comment, which the engine sets. Leave it out."],
    ['{ drop: "a", $db: "b" }', "(drop) states $db, which the engine sets. Leave it out."],
    ['{ create: "a", validator: "b" }', "(create) has a validator that is not an object."],
    ['{ createIndexes: "a" }', "(createIndexes) has no indexes. They are an array of objects."],
    [
      '{ createIndexes: "a", indexes: [{ name: "b" }] }',
      '(createIndexes) has an index 1 without a key. Write { key: { kind: 1 }, name: "kind" }.',
    ],
    [
      '{ createIndexes: "a", indexes: [{ key: { b: 1 } }] }',
      '(createIndexes) has an index 1 without a name. Name it, so that it can be told and dropped: name: "kind".',
    ],
    ['{ dropIndexes: "a" }', '(dropIndexes) does not say which index. Write index: "name", or "*" for all.'],
    [
      '{ renameCollection: "a" }',
      '(renameCollection) does not say the new name. Write { renameCollection: "old", to: "new" }.',
    ],
    [
      '{ renameCollection: "a", to: "b", dropTarget: true }',
      "(renameCollection) states dropTarget. Drop the other collection in a step of its own.",
    ],
    ['{ insert: "a" }', "(insert) has no documents. They are an array of objects."],
    [
      '{ insert: "a", documents: [{ _id: 1 }, {}] }',
      "(insert) has a document 2 without an _id. Give it one, or a repeated insert would double it.",
    ],
    [
      '{ update: "a", updates: [{ u: {} }] }',
      "(update) has an update 1 without a q. State which documents are meant; q: {} means all.",
    ],
    [
      '{ update: "a", updates: [{ q: {} }] }',
      "(update) has an update 1 without a u. State what becomes of the documents.",
    ],
    [
      '{ delete: "a", deletes: [{ limit: 0 }] }',
      "(delete) has a delete 1 without a q. State which documents are meant; q: {} means all.",
    ],
    [
      '{ delete: "a", deletes: [{ q: {}, limit: { $numberInt: "0" } }] }',
      "(delete) has a delete 1 without a limit of 0 or 1, as plain numbers. 0 deletes all documents that q means, 1 the first of them.",
    ],
    [
      '{ update: "a", updates: [{ q: {}, u: [null] }] }',
      "(update) has an update 1 without a u. State what becomes of the documents.",
    ],
    [
      '{ delete: "a", deletes: [{ q: {} }] }',
      "(delete) has a delete 1 without a limit of 0 or 1, as plain numbers. 0 deletes all documents that q means, 1 the first of them.",
    ],
  ])("%s", (step, complaint) => {
    expect(refusal(() => commandOf(step))).toBe(`0002_x.ts step 1 ${complaint} Nothing was applied.`);
  });

  test.each([
    ["/a/", "holds a RegExp (write { $regularExpression: { pattern, options } }) at documents.0._id"],
    ["5n", 'holds a bigint (write { $numberLong: "5" }) at documents.0._id'],
    ["NaN", "holds NaN at documents.0._id"],
    ["undefined", "holds undefined at documents.0._id"],
    ["new Map()", "holds a Map at documents.0._id"],
    ["{ $oid: '0', more: 1 }", "has other fields beside $oid at documents.0._id"],
    [
      "{ $date: '2026-01-31 10:00' }",
      'has {"$date":"2026-01-31 10:00"} at documents.0._id, which is not Extended JSON (a date is "2026-01-31" or "2026-01-31T12:00:00Z")',
    ],
    [
      "{ $date: '2026-13-01' }",
      'has {"$date":"2026-13-01"} at documents.0._id, which is not Extended JSON (there is no such date)',
    ],
    [
      "{ $numberInt: '99999999999' }",
      'has {"$numberInt":"99999999999"} at documents.0._id, which is not Extended JSON (it is not an integer of that size)',
    ],
    [
      "{ $numberDecimal: 'x' }",
      'has {"$numberDecimal":"x"} at documents.0._id, which is not Extended JSON (x not a valid Decimal128 string)',
    ],
  ])("a value %s", (value, complaint) => {
    expect(refusal(() => inserted(value))).toBe(
      `0002_x.ts step 1 (insert) ${complaint}. A step is plain data, with Extended JSON for the types of BSON. Nothing was applied.`,
    );
  });

  test("one that holds itself", () => {
    expect(refusal(() => commandsOf('const a = { create: "a" };\na.b = a;\nexport default [a];'))).toBe(
      "0002_x.ts step 1 (create) is nested deeper than 150 levels, or holds itself. " +
        "A step is plain data, with Extended JSON for the types of BSON. Nothing was applied.",
    );
  });
});

describe("a file is refused:", () => {
  test.each([
    ["import { x } from './x.ts';\nexport default [];", "can't be run (Cannot use import statement outside a module)"],
    ["export default [{ create: require('fs') }];", "can't be run (require is not defined)"],
    ["export default [{ create: () => 'runs' }];", "can't be run (() => 'runs' could not be cloned.)"],
    ["export default [", "can't be run (Expression expected)"],
    ["while (true);", "can't be run (it did not end within a second: look for an endless loop)"],
    [
      "export default [{ create: `runs_${Date.now()}` }];",
      'can\'t be run (a Date depends on the clock and the time zone: write { $date: "2026-01-31T00:00:00Z" })',
    ],
    [
      "export default [{ create: `runs_${Math.random()}` }];",
      "can't be run (Math.random() gives something else each time: write the value itself)",
    ],
    ...['import("node:fs");', 'Promise.reject(new Error("x"));', "(async () => { throw 1; })();"].map((line) => [
      `${line}\nexport default [{ create: "runs" }];`,
      "can't be run (it makes a promise, by import(), async or Promise: steps are plain data)",
    ]),
    [
      "export default [{ create: `runs_${(1234.5).toLocaleString()}` }];",
      "can't be run (toLocaleString() depends on the language of the machine: write the text itself)",
    ],
    [
      "export default ['b', 'a'].sort((a, b) => a.localeCompare(b));",
      "can't be run (localeCompare() depends on the language of the machine: write the text itself)",
    ],
    [
      'export default [{ create: globalThis.constructor.constructor("return `runs_${Date.now()}`")() }];',
      'can\'t be run (a Date depends on the clock and the time zone: write { $date: "2026-01-31T00:00:00Z" })',
    ],
    ["throw { toString() { throw 1; } };", "can't be run (it throws something else than an Error)"],
    ["export default [];\nexport default [];", "can't be run (Unexpected token 'export')"],
    ["export default { create: 'runs' };", "does not export an array of commands"],
    ["export default [];", "exports an array without commands"],
    ["export default [{ create: 'runs' }, 'drop'];", "has a step 2 that is not a command"],
  ])("%j", (text, reason) => {
    expect(refusal(() => commandsOf(text))).toBe(
      `0002_x.ts ${reason}. A migration is a file with \`export default [ ...commands ]\`, ` +
        'each like { createIndexes: "runs", indexes: [...] }, and with no imports but `import type`.',
    );
  });

  test.each([
    ["[", "is not JSON (Unexpected end of JSON input)"],
    ["[]", "holds an array without commands"],
    ["null", "does not hold an array of commands"],
    ['{ "steps": 1 }', "does not hold an array of commands"],
    ['{ "allow": [], "steps": [] }', 'has an "allow" that is not an object'],
    ['{ "alow": {}, "steps": [] }', 'has "alow" beside its steps'],
    ['[{ "drop": "a" }, []]', "has a step 2 that is not a command"],
  ])("%s in JSON", (text, reason) => {
    expect(refusal(() => commandsOf(text, "0002_x.json"))).toBe(
      `0002_x.json ${reason}. A migration is a JSON array of commands, each like { createIndexes: "runs", indexes: [...] }; ` +
        'or { "allow": { rule: reason }, "steps": [ ...commands ] }.',
    );
  });

  const unknown = (line: string) =>
    `line 1 is not a directive that is known: ${line}. Write \`// migrate: allow rule: reason\` at the start of a line.`;
  test.each([
    [
      "// migrate: allow drop-table: old",
      'allows "drop-table", which is no rule. The rules are drop-collection, drop-view, change-view, rename-collection, ' +
        "drop-index, hide-index, ttl-index, shrink-capped, delete-all, lose-fields, update-all, unique-index and tighten-validator.",
    ],
    [
      "// migrate: allow drop-index: ",
      "allows drop-index without a reason. State one: it is told whenever the file is reviewed.",
    ],
    ["// migrate: allow drop-index: a\n// migrate: allow drop-index: b", "allows drop-index twice. State one reason."],
    ["  // migrate: allow drop-index: a", unknown("// migrate: allow drop-index: a")],
    ["//migrate: allow drop-index: a", unknown("//migrate: allow drop-index: a")],
    ["// migrate: drop-index", unknown("// migrate: drop-index")],
  ])("with the directive %j", (directive, complaint) => {
    expect(refusal(() => commandsOf(`${directive}\nexport default [{ drop: "a" }];`))).toBe(
      `0002_x.ts ${complaint} Nothing was applied.`,
    );
  });
});

describe("queries", () => {
  const queriesOf = (text: string, name = "0002_x.verify.ts") => parseQueries(fileOf(text, name));

  test("are find and aggregate commands, in TypeScript or JSON", () => {
    const queries = [
      { find: "runs", filter: { at: { $lt: { $date: "2026-01-31" } } } },
      { aggregate: "runs", pipeline: [{ $match: { kind: { $exists: false } } }] },
    ];
    const expected = [{ find: "runs", filter: { at: { $lt: new Date("2026-01-31") } } }, queries[1]];
    expect(queriesOf(`export default ${JSON.stringify(queries)};`)).toEqual(expected);
    expect(queriesOf(JSON.stringify(queries), "0002_x.verify.json")).toEqual(expected);
  });

  test.each([
    ['{ drop: "a" }', "is drop. A verify file is made of find and aggregate, which must find nothing."],
    ['{ aggregate: "a" }', "(aggregate) has no pipeline. It is an array of stages."],
    ["{ aggregate: 1, pipeline: [] }", '(aggregate) names no collection. Write { aggregate: "runs", ... }.'],
    ['{ aggregate: "a", pipeline: [{ $out: "b" }] }', "(aggregate) has $out, which writes. A query only looks."],
    ['{ aggregate: "a", pipeline: [{ $merge: "b" }] }', "(aggregate) has $merge, which writes. A query only looks."],
    ['{ find: "a", comment: "b" }', "(find) states comment, which the engine sets. Leave it out."],
  ])("like %s are refused", (query, complaint) => {
    expect(refusal(() => queriesOf(`export default [${query}];`))).toBe(
      `0002_x.verify.ts step 1 ${complaint} Nothing was applied.`,
    );
  });

  test("that are none are refused", () => {
    expect(refusal(() => queriesOf("export default [];"))).toBe(
      "0002_x.verify.ts exports an array without commands. A verify file is a file with `export default [ ...commands ]`, " +
        'each like { find: "runs", filter: {...} }, which must find nothing, and with no imports but `import type`.',
    );
    expect(refusal(() => queriesOf("{}", "0002_x.verify.json"))).toBe(
      "0002_x.verify.json does not hold an array of commands. A verify file is a JSON array of commands, " +
        'each like { find: "runs", filter: {...} }, which must find nothing.',
    );
  });
});
