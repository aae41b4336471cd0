import { hostname } from "node:os";
import { MongoServerError, type ClientSession, type Db } from "mongodb";
import { duplicateKey } from "./codes.ts";
import { fencesOf, leaseSeconds, leasesOf, type LeaseDocument } from "./leaseDocument.ts";
import { killSession } from "./takeover.ts";

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

/**
 * Takes the lease if it is still as it was seen, and raises the fence: what an earlier holder has not committed by then,
 * it can't commit any more. The ledger is read after both. Neither is a transaction, which a killed run would leave open
 * for as long as the server keeps one; a run that is killed between the two leaves a lease that runs out.
 * @returns the token; undefined when another was faster.
 */
export async function claim(ledger: Db, session: ClientSession, seen: LeaseDocument | undefined, owner: string) {
  const fence = await fencesOf(ledger).findOne({ _id: "fence" }, { projection: { token: 1 } });
  const token = Math.max(seen?.token ?? 0, fence?.token ?? 0) + 1;
  const unchanged = { owner: seen?.owner ?? null, expiresAt: seen?.expiresAt ?? null, token: seen?.token ?? null };
  const lease = { _id: "lock", token, owner, host: hostname(), pid: process.pid, since: "$$NOW", expiresAt };
  try {
    const taken = await leasesOf(ledger).updateOne(
      { _id: "lock", ...unchanged } as object,
      [{ $replaceWith: { ...lease, session: session.id!.id } }],
      { upsert: seen === undefined },
    );
    if (taken.matchedCount + taken.upsertedCount === 0) return undefined;
    // The transaction that a frozen holder left open may hold the fence.
    if (seen?.session) await killSession(ledger.client.db("admin"), seen.session);
    await fencesOf(ledger).updateOne(
      { _id: "fence", token: { $lt: token } },
      { $set: { token, writes: 0 }, $currentDate: { at: true } },
      { upsert: true },
    );
    return token;
  } catch (error) {
    // Two made a document at the same moment, or a later holder has raised the fence above ours; this one was second.
    if (error instanceof MongoServerError && error.code === duplicateKey) return undefined;
    throw error;
  }
}
