import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MongoServerError, type Collection, type Db } from "mongodb";
import { MigrationError } from "../errors.ts";

const leaseSeconds = 15;
const heartbeatMilliseconds = 5000;
const pollMilliseconds = 250;
const duplicateKey = 11000;

/** By the server's clock, so that those of the runners don't matter. */
const expiresAt = { $dateAdd: { startDate: "$$NOW", unit: "second", amount: leaseSeconds } };

interface LeaseDocument {
  _id: "lock";
  owner: string;
  host: string;
  pid: number;
  since: Date;
  expiresAt: Date;
}

/** Somebody else may be at work now. */
export class LeaseLost extends MigrationError {}

export interface Lease {
  /** To be asked before each write. @throws LeaseLost */
  assertHeld(): void;
  release(): Promise<void>;
}

/**
 * Takes the lease on a database: one document, changed by one atomic update. A heartbeat renews it; the lease of a
 * run that died is free within 15 s.
 * @param database the name that people know it by.
 * @throws MigrationError after `waitSeconds`, naming the holder.
 */
export async function takeLease(ledger: Db, database: string, waitSeconds: number): Promise<Lease> {
  const leases = ledger.collection<LeaseDocument>("lock");
  const owner = randomUUID();
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const asked = performance.now();
    const holder = await claim(leases, owner);
    if (holder?.owner === owner) return keep(leases, owner, asked);
    if (performance.now() > deadline) throw held(database, holder, waitSeconds);
    await sleep(pollMilliseconds);
  }
}

/** Takes the lease if it is free. Answers with the document as it is then. */
async function claim(leases: Collection<LeaseDocument>, owner: string): Promise<LeaseDocument | null> {
  const lease = { _id: "$_id", owner, host: hostname(), pid: process.pid, since: "$$NOW", expiresAt };
  const isFree = { $lte: [{ $ifNull: ["$expiresAt", "$$NOW"] }, "$$NOW"] };
  try {
    return await leases.findOneAndUpdate({ _id: "lock" }, [{ $replaceWith: { $cond: [isFree, lease, "$$ROOT"] } }], {
      upsert: true,
      returnDocument: "after",
    });
  } catch (error) {
    // Two made the document at the same moment; this one was second.
    if (error instanceof MongoServerError && error.code === duplicateKey) return null;
    throw error;
  }
}

function keep(leases: Collection<LeaseDocument>, owner: string, asked: number): Lease {
  let validUntil = asked + leaseSeconds * 1000;
  const renew = async () => {
    const asked = performance.now();
    const { matchedCount } = await leases.updateOne({ _id: "lock", owner }, [{ $set: { expiresAt } }]);
    // Once it was another's, it stays lost: that other one may be done already, and have changed the ledger.
    validUntil = matchedCount === 1 ? asked + leaseSeconds * 1000 : -Infinity;
  };
  // A renewal that fails is tried again by the next beat; the lease is ours until it runs out.
  const heartbeat = setInterval(() => void renew().catch(() => {}), heartbeatMilliseconds);
  return {
    assertHeld() {
      if (performance.now() < validUntil) return;
      throw new LeaseLost(
        "The lease on the MongoDB ledger was lost, because this run could not renew it in time. " +
          "It has written nothing since. Run `pulumi up` again: it goes on where this one stopped.",
      );
    },
    async release() {
      clearInterval(heartbeat);
      // Where this fails the lease runs out by itself.
      await leases.deleteOne({ _id: "lock", owner }).catch(() => {});
    },
  };
}

function held(database: string, holder: LeaseDocument | null, waitSeconds: number): MigrationError {
  const who = holder
    ? `process ${holder.pid} on ${holder.host}, since ${holder.since.toISOString()}`
    : "it has just changed hands";
  return new MigrationError(
    `Another run holds the migration lock of ${database}: ${who}. It was waited for ${waitSeconds} s. ` +
      `Let it finish, or end that process; its lock is free ${leaseSeconds} s later. Then run \`pulumi up\` again.`,
  );
}
