import { describe, expect, test } from "@jest/globals";
import { BSON, type Document } from "mongodb";
import { contentHash, idKey, mergePlan, type Hashes } from "../../../../migrator/mongodb/seedMerge.ts";

const hashes = (...documents: Document[]): Hashes =>
  Object.fromEntries(documents.map((document) => [idKey(document._id), contentHash(document)]));
const way = "with `npm run migrate -- seed dev --overwrite` the file wins";
const a = (value: number) => ({ _id: "a", value });

interface Case {
  before?: Hashes;
  current?: Document[];
  documents?: Document[];
  overwrite?: boolean;
}

function merge({ before, current = [], documents = [], overwrite = false }: Case) {
  const plan = mergePlan({ name: "dev/0001_a.json", documents, before, current: hashes(...current), overwrite });
  const { writes, left } = plan;
  return { writes: writes.map(({ document, isNew }) => [isNew, document.value]), left, after: plan.after };
}

describe("a document", () => {
  test.each<[string, Case, ReturnType<typeof merge>]>([
    [
      "that is new is inserted",
      { before: {}, documents: [a(1)] },
      { writes: [[true, 1]], left: [], after: hashes(a(1)) },
    ],
    [
      "that is as it was seeded follows the file",
      { before: hashes(a(1)), current: [a(1)], documents: [a(2)] },
      { writes: [[false, 2]], left: [], after: hashes(a(2)) },
    ],
    [
      "that a user changed is left and told, and what was seeded is remembered",
      { before: hashes(a(1)), current: [a(9)], documents: [a(2)] },
      { writes: [], left: ['"a" is left as users made it', way], after: hashes(a(1)) },
    ],
    [
      "that a user changed is not told when the file says what it said",
      { before: hashes(a(1)), current: [a(9)], documents: [a(1)] },
      { writes: [], left: [], after: hashes(a(1)) },
    ],
    [
      "that is there as the file says counts as seeded",
      { before: {}, current: [a(1)], documents: [a(1)] },
      { writes: [], left: [], after: hashes(a(1)) },
    ],
    [
      "that was there before its file is left and told",
      { before: {}, current: [a(9)], documents: [a(1)] },
      { writes: [], left: ['"a" is left as users made it', way], after: {} },
    ],
    [
      "that a user deleted stays deleted",
      { before: hashes(a(1)), documents: [a(2)] },
      { writes: [], left: ['"a" is left out, because users deleted it', way], after: hashes(a(1)) },
    ],
    [
      "that the file dropped is left and told, and what was seeded is remembered",
      { before: hashes(a(1)), current: [a(1)] },
      { writes: [], left: ['"a" is left, though the file no longer has it'], after: hashes(a(1)) },
    ],
    [
      "that the file dropped and a user deleted is forgotten",
      { before: hashes(a(1)) },
      { writes: [], left: [], after: {} },
    ],
    [
      "that an earlier release seeded is left and told",
      { current: [a(1)], documents: [a(2), { _id: "b", value: 3 }] },
      {
        writes: [[true, 3]],
        left: ['"a" is left, because an earlier release did not note what it seeded', way],
        after: hashes({ _id: "b", value: 3 }),
      },
    ],
    [
      "that a user changed is replaced when it is asked for",
      { before: hashes(a(1)), current: [a(9)], documents: [a(2)], overwrite: true },
      { writes: [[false, 2]], left: [], after: hashes(a(2)) },
    ],
    [
      "that a user deleted is inserted when it is asked for",
      { before: hashes(a(1)), documents: [a(1)], overwrite: true },
      { writes: [[true, 1]], left: [], after: hashes(a(1)) },
    ],
  ])("%s", (_what, input, expected) => expect(merge(input)).toEqual(expected));

  test("among many is told by number", () => {
    const documents = [1, 2, 3, 4, 5, 6].map((_id) => ({ _id, value: 1 }));
    const current = documents.map(({ _id }) => ({ _id, value: 9 }));
    const id = (number: number) => `{"$numberInt":"${number}"}`;
    expect(merge({ before: {}, current, documents }).left).toEqual([
      `${id(1)}, ${id(2)}, ${id(3)}, ${id(4)} and 2 more are left as users made them`,
      way,
    ]);
  });
});

test("the hash of a document knows types, and not the order of fields", () => {
  const parse = (text: string) => BSON.EJSON.parse(text, { relaxed: false }) as Document;
  const hash = contentHash(parse('{ "_id": 1, "b": { "x": 1, "y": [1, 2] } }'));
  expect(contentHash({ b: { y: [1, 2], x: 1 }, _id: 1 })).toBe(hash);
  for (const other of [
    '{ "_id": 1, "b": { "x": { "$numberDouble": "1.0" }, "y": [1, 2] } }',
    '{ "_id": 1, "b": { "x": { "$numberLong": "1" }, "y": [1, 2] } }',
    '{ "_id": 1, "b": { "x": 1, "y": [2, 1] } }',
    '{ "_id": 1, "b": { "x": "1", "y": [1, 2] } }',
  ]) {
    expect(contentHash(parse(other))).not.toBe(hash);
  }
});
