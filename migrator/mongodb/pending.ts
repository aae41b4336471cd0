import { hostname } from "node:os";
import type { Db } from "mongodb";
import type { SourceFile } from "../types.ts";
import { LeaseLost, type Lease } from "./lease.ts";
import { fencesOf, type FenceDocument } from "./leaseDocument.ts";

/** So much is kept in the fence before it is moved: each addition writes the document anew. */
const mostRows = 20;
const mostCharacters = 200_000;

/** A migration that was applied, and whose rows are not yet in their collections. */
export interface PendingRow {
  name: string;
  checksum: string;
  text: string;
  token: number;
  by: { user: string; host: string; pid: number };
}

export interface Pending {
  /**
   * Records a migration in the fence document itself: one message, atomic with the proof that the lease is ours, where a
   * transaction takes five. The next fenced write moves the rows to their collections; whoever reads the ledger sees both.
   * @returns whether the rows should be moved now.
   * @throws LeaseLost
   */
  add(file: SourceFile, user: string): Promise<boolean>;
  /** To be told when the rows were moved. */
  moved(): void;
  /** Whether there is something to move. */
  isEmpty(): boolean;
}

export function pendingUnder(ledger: Db, lease: Lease): Pending {
  let added = 0;
  let rows = 0;
  let characters = 0;
  return {
    async add({ name, checksum, text }, user) {
      // A key of its own, and not an array, so that the server can add its time.
      const key = `r${String(++added).padStart(6, "0")}`;
      const by = { user, host: hostname(), pid: process.pid };
      const row: PendingRow = { name, checksum, text, token: lease.token, by };
      const { matchedCount } = await fencesOf(ledger).updateOne(
        { _id: "fence", token: lease.token },
        {
          $inc: { writes: 1 },
          $set: { [`pending.${key}`]: row },
          $currentDate: { at: true, [`times.${key}`]: true },
        },
        { session: lease.session, comment: lease.comment },
      );
      if (matchedCount === 0) throw new LeaseLost();
      rows++;
      characters += text.length;
      return rows >= mostRows || characters >= mostCharacters;
    },
    moved: () => void ([rows, characters] = [0, 0]),
    isEmpty: () => rows === 0,
  };
}

/** What a run that was interrupted, or is at work, has not moved to its collections yet. */
export async function readPending(ledger: Db): Promise<(PendingRow & { appliedAt: Date })[]> {
  return pendingIn(await fencesOf(ledger).findOne({ _id: "fence" }, { projection: { pending: 1, times: 1 } }));
}

export function pendingIn(
  fence: Pick<FenceDocument, "pending" | "times"> | null,
): (PendingRow & { appliedAt: Date })[] {
  const keys = Object.keys(fence?.pending ?? {}).sort();
  return keys.map((key) => ({ ...fence!.pending![key]!, appliedAt: fence!.times![key]! }));
}
