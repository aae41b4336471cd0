import { describe, expect, test } from "@jest/globals";
import { BSON, Timestamp } from "mongodb";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { OplogEnd } from "../../../../operations/backups/mongoArchive.ts";

const bson = (document: object) => Buffer.from(BSON.serialize(document));
const block = (...documents: object[]) => Buffer.concat([...documents.map(bson), Buffer.from("ffffffff", "hex")]);
const entry = (t: number, i: number) => ({ op: "i", ns: "a.b", o: { ts: 1 }, ts: new Timestamp({ t, i }) });
const archive = (...blocks: Buffer[]) =>
  Buffer.concat([Buffer.from("6de29981", "hex"), block({ version: "0.1" }, { db: "a", collection: "b" }), ...blocks]);
const documents = block({ db: "a", collection: "b", EOF: false }, entry(900, 1), { text: "x".repeat(5000) });

async function read(content: Buffer, size: number): Promise<OplogEnd> {
  const pieces = Array.from({ length: Math.ceil(content.length / size) }, (_, n) =>
    content.subarray(n * size, (n + 1) * size),
  );
  const end = new OplogEnd();
  expect((await buffer(Readable.from(pieces).pipe(end))).equals(content)).toBe(true);
  return end;
}

describe.each([1, 13, 1000, 100_000])("an archive of mongodump, in pieces of %d bytes,", (size) => {
  test("is passed on, and its oplog ends with the last entry", async () => {
    const oplog = [block({ db: "", collection: "oplog" }, entry(100, 1), entry(100, 2)), block({ db: "", collection: "oplog" }, entry(101, 7))]; // prettier-ignore
    const content = archive(documents, ...oplog, block({ db: "", collection: "oplog", EOF: true }), documents);
    expect((await read(content, size)).position).toEqual({ t: 101, i: 7 });
  });

  test("without an oplog has no end of one", async () => {
    expect((await read(archive(documents), size)).position).toBeUndefined();
  });
});
