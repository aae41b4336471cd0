import { describe, expect, test } from "@jest/globals";
import { BSON, Timestamp } from "mongodb";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { entriesAfter } from "../../../../operations/backups/oplogEntries.ts";

const entries = [
  [100, 1],
  [100, 2],
  [101, 1],
  [101, 7],
  [130, 1],
] as const;
const slice = Buffer.concat(
  entries.map(([t, i]) => Buffer.from(BSON.serialize({ op: "n", ts: new Timestamp({ t, i }), o: { n: t } }))),
);

/** Positions of what comes out, where a slice goes in in pieces of so many bytes. */
async function passed(position: { t: number; i: number }, size: number): Promise<number[][]> {
  const pieces = Array.from({ length: Math.ceil(slice.length / size) }, (_, n) =>
    slice.subarray(n * size, (n + 1) * size),
  );
  const left = await buffer(Readable.from(pieces).pipe(entriesAfter(position)));
  const found: number[][] = [];
  for (let at = 0; at < left.length; at += left.readInt32LE(at)) {
    const { ts } = BSON.deserialize(left.subarray(at, at + left.readInt32LE(at))) as { ts: Timestamp };
    found.push([ts.t, ts.i]);
  }
  return found;
}

describe("of a slice of the oplog", () => {
  test.each([1, 7, 50, 10_000])("what comes after a position is passed on, in pieces of %d bytes", async (size) => {
    expect(await passed({ t: 99, i: 9 }, size)).toEqual(entries);
    expect(await passed({ t: 100, i: 2 }, size)).toEqual(entries.slice(2));
    expect(await passed({ t: 101, i: 3 }, size)).toEqual(entries.slice(3));
    expect(await passed({ t: 130, i: 1 }, size)).toEqual([]);
  });
});
