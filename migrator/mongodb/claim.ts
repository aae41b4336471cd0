import { hostname } from "node:os";
import { MongoError, MongoServerError, type ClientSession, type Db } from "mongodb";
import { fencesOf, leaseSeconds, leasesOf, type LeaseDocument } from "./leaseDocument.ts";
import { inTransaction } from "./transaction.ts";

const duplicateKey = 11000;

/** By the server's clock, so that those of the runners don't matter. */
export const expiresAt = { $dateAdd: { startDate: "$$NOW", unit: "second", amount: leaseSeconds } };

export interface Sight {
  document?: LeaseDocument;
  /** Whether nobody holds it, or its time ran out. */
  isFree: boolean;
}

/** The lease as a majority has it. */
export async function lookAt(ledger: Db): Promise<Sight> {
  const [found] = await leasesOf(ledger)
    .aggregate<LeaseDocument & { isFree: boolean }>(
      [{ $match: { _id: "lock" } }, { $set: { isFree: { $lte: [{ $ifNull: ["$expiresAt", "$$NOW"] }, "$$NOW"] } } }],
      { readPreference: "primary" },
    )
    .toArray();
  if (!found) return { isFree: true };
  const { isFree, ...document } = found;
  return { document, isFree };
}

class Taken extends Error {}

/**
 * Takes the lease if it is still as it was seen. The token comes from the fence in the same transaction: what an earlier
 * holder has not committed by then, it can't commit any more.
 * @returns the token; undefined when another was faster, or an earlier holder's transaction is in the way.
 */
export async function claim(ledger: Db, session: ClientSession, seen: LeaseDocument | undefined, owner: string) {
  const unchanged = { owner: seen?.owner ?? null, expiresAt: seen?.expiresAt ?? null };
  try {
    return await inTransaction(
      session,
      async () => {
        const fence = await fencesOf(ledger).findOneAndUpdate(
          { _id: "fence" },
          { $inc: { token: 1 }, $set: { writes: 0 }, $currentDate: { at: true } },
          { upsert: true, returnDocument: "after", session },
        );
        const token = fence!.token;
        const lease = { _id: "lock", token, owner, host: hostname(), pid: process.pid, since: "$$NOW", expiresAt };
        const taken = await leasesOf(ledger).updateOne(
          { _id: "lock", ...unchanged } as object,
          [{ $replaceWith: { ...lease, session: session.id!.id } }],
          { upsert: seen === undefined, session },
        );
        if (taken.matchedCount + taken.upsertedCount === 0) throw new Taken();
        return token;
      },
      500,
    );
  } catch (error) {
    const isLate = error instanceof MongoServerError && error.code === duplicateKey;
    const isInTheWay = error instanceof MongoError && error.hasErrorLabel("TransientTransactionError");
    if (error instanceof Taken || isLate || isInTheWay) return undefined;
    throw error;
  }
}
