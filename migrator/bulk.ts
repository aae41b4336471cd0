import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { MigrationError } from "./errors.ts";
import type { SourceFile } from "./types.ts";

/** Large enough that nothing is paid per chunk, small enough that a dozen of them in memory are nothing. */
export const chunkBytes = 1 << 20;

/** Bulk seeds may be larger than memory: they are streamed, and never held as a text. */
export function isBulk(name: string): boolean {
  return /\.(csv|ndjson)$/.test(name);
}

/**
 * SHA-256 in hex over the bytes as they are, read chunk by chunk. Nothing is normalised as in checksum.ts: blanks in
 * rows are data. Synchronous, because a Pulumi program lists its files so.
 */
export function bulkChecksum(path: string): string {
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const file = openSync(path, "r");
  try {
    for (let read; (read = readSync(file, chunk)) > 0;) hash.update(chunk.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/**
 * The bytes of a bulk file, without a byte order mark.
 * @throws MigrationError after the last byte, when they were not those that were planned.
 */
export async function* bulkBytes(file: SourceFile): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let first = true;
  for await (const chunk of createReadStream(file.path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    // Hashed while the server is at work on the chunk before: that costs no time.
    hash.update(chunk);
    const mark = first && chunk.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
    first = false;
    yield chunk.subarray(mark);
  }
  if (hash.digest("hex") === file.checksum) return;
  throw new MigrationError(
    `${file.name} has changed while it was seeded. Run \`pulumi up\` again when nobody writes to it any more.`,
    { migration: file.name },
  );
}

export const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

export interface Progress {
  /** To be called often. `rows` is asked only when it is time to tell. */
  at(bytes: number, rows: () => string): void;
  /** The last sentence. @param more what else is worth knowing, such as ", 12 of them new" */
  end(rows: string, more?: string): void;
}

/** Tells about each 5 s how far a bulk seed is, by the bytes of its file. */
export function progressOf(file: SourceFile, tell: (sentence: string) => void, interval = 5000): Progress {
  const { size } = statSync(file.path);
  const began = performance.now();
  let told = began;
  return {
    at(bytes, rows) {
      if (performance.now() - told < interval) return;
      told = performance.now();
      tell(`${file.name}: ${rows()}, ${Math.floor((100 * bytes) / Math.max(size, 1))} %`);
    },
    end(rows, more = "") {
      tell(`${file.name}: ${rows} in ${((performance.now() - began) / 1000).toFixed(1)} s${more}.`);
    },
  };
}
