import { BSON, type Document } from "mongodb";
import { bulkBytes } from "../bulk.ts";
import { messageOf } from "../errors.ts";
import { SeedRefused } from "./seedFailure.ts";
import type { SourceFile } from "../types.ts";

/** MongoDB takes documents of 16 MB; as Extended JSON they are several times as long. */
const longestLine = 64 << 20;

export interface Batch {
  documents: Document[];
  /** The line, from 1, of each document. */
  lines: number[];
  /** Lines and bytes of the file up to here. */
  end: { lines: number; bytes: number };
}

/**
 * Reads `{ "collection": "ticks" }` and then one document a line, in batches.
 * @param from where an earlier run stopped: what is before it is not parsed again.
 * @throws SeedRefused naming the line that is no such thing.
 */
export async function* batchesOf(
  file: SourceFile,
  size: number,
  from: { lines: number; bytes: number },
): AsyncGenerator<Batch> {
  const end = { lines: 0, bytes: 0 };
  let batch: Batch = { documents: [], lines: [], end };
  const take = (line: Buffer) => {
    end.lines += 1;
    end.bytes += line.length;
    // The first line was read by `collectionOf`.
    if (end.lines === 1 || end.bytes <= from.bytes) return;
    const text = line.toString();
    if (text.trim() === "") return;
    batch.documents.push(documentOf(text, end.lines));
    batch.lines.push(end.lines);
  };
  for await (const line of linesOf(file)) {
    for (const part of line) {
      take(part);
      if (batch.documents.length < size) continue;
      yield { ...batch, end: { ...end } };
      batch = { documents: [], lines: [], end };
    }
  }
  yield { ...batch, end: { ...end } };
}

/** The collection that the first line names. @throws SeedRefused */
export async function collectionOf(file: SourceFile): Promise<string> {
  let first = "";
  for await (const lines of linesOf(file)) {
    first = lines[0]?.toString() ?? "";
    if (lines.length > 0) break;
  }
  let collection: unknown;
  try {
    ({ collection } = JSON.parse(first));
  } catch {
    // Told below.
  }
  if (typeof collection === "string") return collection;
  throw new SeedRefused(
    `line 1 does not name a collection: an .ndjson seed begins with { "collection": "..." }, and has one document in ` +
      `Extended JSON on each line after it`,
  );
}

/** The lines of each chunk, their ends included. Bytes, because a character may be cut between two chunks. */
async function* linesOf(file: SourceFile): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = [];
  let waiting = 0;
  for await (const chunk of bulkBytes(file)) {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end; (end = chunk.indexOf(10, start)) >= 0; start = end + 1) {
      const piece = chunk.subarray(start, end + 1);
      lines.push(rest.length > 0 ? Buffer.concat([...rest, piece]) : piece);
      rest = [];
      waiting = 0;
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      waiting += chunk.length - start;
    }
    if (waiting > longestLine) throw new SeedRefused("has a line of more than 64 MB: no document is that long");
    yield lines;
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}

function documentOf(text: string, line: number): Document {
  let document: unknown;
  try {
    document = parseLine(text);
  } catch (cause) {
    throw new SeedRefused(`line ${line} is not Extended JSON (${messageOf(cause)})`, { cause });
  }
  if (typeof document !== "object" || document === null || (document as Document)._id === undefined) {
    throw new SeedRefused(`line ${line} is not a document with an _id, which makes it the same at each run`);
  }
  return document;
}

/**
 * As EJSON.parse, and several times as fast for lines that need none of it: the driver itself gives plain numbers the
 * same types, but for integers of more than 32 bits.
 */
export function parseLine(text: string): unknown {
  return /"\$|\\u0024|\d{10}|\d[eE][+-]?\d/.test(text) ? BSON.EJSON.parse(text, { relaxed: false }) : JSON.parse(text);
}
