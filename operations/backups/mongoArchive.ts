import { BSON, type Timestamp } from "mongodb";
import { Transform, type TransformCallback } from "node:stream";
import type { Position } from "./mongodb.ts";

/** Of a block, where the length of a document would stand. */
const END_OF_BLOCK = -1;
const MAGIC_NUMBER_BYTES = 4;

/**
 * Passes an archive of mongodump on, and finds where the oplog in it ends: to that moment mongorestore brings a server. The
 * form is that of mongo-tools (common/archive): a magic number, then blocks of BSON documents, of which the first says
 * what follows.
 */
export class OplogEnd extends Transform {
  #rest: Buffer = Buffer.alloc(0);
  #unread = MAGIC_NUMBER_BYTES;
  #isHeader = true;
  #isOplog = false;
  #last: Buffer | undefined;

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#skip() && this.#rest.length >= 4 && this.#readOne());
    done(null, chunk);
  }

  /** Undefined until the end, and where the archive has no oplog. */
  get position(): Position | undefined {
    if (this.#last === undefined) return undefined;
    const { ts } = BSON.deserialize(this.#last) as { ts: Timestamp };
    return { t: ts.t, i: ts.i };
  }

  /** @returns whether what is not of interest has come whole */
  #skip(): boolean {
    const skipped = Math.min(this.#unread, this.#rest.length);
    this.#rest = this.#rest.subarray(skipped);
    this.#unread -= skipped;
    return this.#unread === 0;
  }

  /** @returns whether a document, or the end of a block, was there whole, or can be skipped */
  #readOne(): boolean {
    const size = this.#rest.readInt32LE();
    if (size === END_OF_BLOCK) {
      this.#unread = 4;
      this.#isHeader = true;
      return true;
    }
    if ((this.#isHeader || this.#isOplog) && this.#rest.length < size) return false;
    if (this.#isHeader) {
      const { db, collection } = BSON.deserialize(this.#rest.subarray(0, size));
      this.#isOplog = db === "" && collection === "oplog";
      this.#isHeader = false;
    } else if (this.#isOplog) this.#last = Buffer.from(this.#rest.subarray(0, size));
    this.#unread = size;
    return true;
  }
}
