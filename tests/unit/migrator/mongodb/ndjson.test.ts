import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { BSON, type Document } from "mongodb";
import { join } from "node:path";
import { bulkChecksum } from "../../../../migrator/bulk.ts";
import { batchesOf, collectionOf, parseLine } from "../../../../migrator/mongodb/ndjson.ts";
import { folder, refusal } from "../../../support/migrations.ts";

function fileOf(text: string) {
  const directory = folder({ "0001_ticks.ndjson": text });
  const path = join(directory, "0001_ticks.ndjson");
  return { name: "default/0001_ticks.ndjson", path, checksum: bulkChecksum(path), text: "" };
}

async function read(text: string, size = 2, from = { lines: 0, bytes: 0 }) {
  const batches = [];
  for await (const { documents, lines, end } of batchesOf(fileOf(text), size, from)) {
    batches.push({ ids: documents.map(({ _id }) => _id), lines, end });
  }
  return batches;
}

const header = '{"collection":"ticks"}\n';

describe("a file of lines", () => {
  test("is read in batches, each with its lines and its end; blank lines are none", async () => {
    expect(await read(`${header}{"_id":1}\r\n\n{"_id":2}\n{"_id":3}`)).toEqual([
      { ids: [1, 2], lines: [2, 4], end: { lines: 4, bytes: 45 } },
      { ids: [3], lines: [5], end: { lines: 5, bytes: 54 } },
    ]);
  });

  test("is gone on with where an earlier run stopped", async () => {
    expect(await read(`${header}{"_id":1}\r\n\n{"_id":2}\n{"_id":3}`, 2, { lines: 4, bytes: 45 })).toEqual([
      { ids: [3], lines: [5], end: { lines: 5, bytes: 54 } },
    ]);
  });

  test("larger than a chunk keeps characters whole that a chunk cuts", async () => {
    const texts = Array.from({ length: 700 }, (_, index) => `${"é😀".repeat(400)}${index}`);
    const lines = texts.map((text, _id) => JSON.stringify({ _id, text }));
    const found: Document[] = [];
    for await (const { documents } of batchesOf(fileOf(header + lines.join("\n")), 1000, { lines: 0, bytes: 0 })) {
      found.push(...documents);
    }
    expect(found.map(({ text }) => text)).toEqual(texts);
  });

  test.each([
    ["{", /^line 2 is not Extended JSON \(.+\)$/],
    ["[1]", /^line 2 is not a document with an _id, which makes it the same at each run$/],
    ['{"id":1}', /^line 2 is not a document with an _id, which makes it the same at each run$/],
    ["7", /^line 2 is not a document with an _id, which makes it the same at each run$/],
  ])("with %j is refused", async (line, message) => expect(await refusal(read(header + line))).toMatch(message));

  test.each(["", "{}", "null", "\n", '{"_id":1}\n'])("that begins with %j names no collection", async (text) =>
    expect(await refusal(collectionOf(fileOf(text)))).toBe(
      'line 1 does not name a collection: an .ndjson seed begins with { "collection": "..." }, and has one document in ' +
        "Extended JSON on each line after it",
    ),
  );

  test("names its collection", async () => expect(await collectionOf(fileOf(`\uFEFF${header}`))).toBe("ticks"));
});

test("a line has the same BSON whether it is parsed the fast way or the thorough one", () => {
  const bytes = (value: unknown) => Buffer.from(BSON.serialize({ value })).toString("hex");
  const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.maxSafeInteger());
  const leaf = fc.oneof(
    number,
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(-0, 1e10, 2 ** 31, -(2 ** 31)),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("value")), fc.dictionary(fc.string(), tie("value"))),
  }));
  fc.assert(
    fc.property(value, (value) => {
      const text = JSON.stringify({ value });
      let thorough: unknown;
      try {
        thorough = BSON.EJSON.parse(text, { relaxed: false });
      } catch {
        return expect(() => parseLine(text)).toThrow();
      }
      return expect(bytes(parseLine(text))).toBe(bytes(thorough));
    }),
  );
});
