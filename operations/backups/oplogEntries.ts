import { BSON, type Timestamp } from "mongodb";
import { Transform } from "node:stream";
import { compare } from "./oplog.ts";
import type { Position } from "./mongodb.ts";

/**
 * Passes on those entries of a slice that come after a position: an older one would be done to data that are newer, and a
 * collection that was renamed since would be made again.
 */
export function entriesAfter(position: Position): Transform {
  let rest: Buffer = Buffer.alloc(0);
  let isPast = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (isPast) return done(null, chunk);
      rest = Buffer.concat([rest, chunk]);
      // Each entry begins with its own length.
      for (let size; rest.length >= 4 && rest.length >= (size = rest.readInt32LE()); rest = rest.subarray(size)) {
        const { ts } = BSON.deserialize(rest.subarray(0, size)) as { ts: Timestamp };
        isPast = compare({ t: ts.t, i: ts.i }, position) > 0;
        if (isPast) return done(null, rest);
      }
      done();
    },
  });
}
