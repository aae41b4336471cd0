import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientSession, Db } from "mongodb";
import { LockHeld, MigrationError } from "../errors.ts";
import { claim, expiresAt, lookAt, type Sight } from "./claim.ts";
import {
  commentOf,
  fencesOf,
  leaseSeconds,
  leasesOf,
  type FenceDocument,
  type LeaseDocument,
} from "./leaseDocument.ts";
import { killOperationsBefore } from "./takeover.ts";
import { inTransaction } from "./transaction.ts";
import { isUnknownOutcome } from "./unknownOutcome.ts";

const heartbeatMilliseconds = 5000;
const tellMilliseconds = 10_000;
/** So young, the server's answer that the lease is ours needs no repetition: a tenth of what a heartbeat leaves. */
const freshMilliseconds = 1000;

/** Somebody else may be at work now. */
export class LeaseLost extends MigrationError {
  constructor() {
    super(
      "The lease on the MongoDB ledger was lost, because this run could not renew it in time. " +
        "It has written nothing to the ledger since. Run `pulumi up` again: it goes on where this one stopped.",
    );
  }
}

export interface Lease {
  /** Grows at each acquisition, and is never used again. */
  readonly token: number;
  /** To be sent with every command, as its `comment`. */
  readonly comment: string;
  /** To be used for every statement: what is left of it is ended when another takes the lease over. */
  readonly session: ClientSession;
  /**
   * To be called before each statement. Asks the server, unless it said so within the last second.
   * @param options.again asks in any case.
   * @throws LeaseLost
   */
  assertHeld(options?: { again: boolean }): Promise<void>;
  /**
   * Does the work in a transaction that is kept only while the lease is ours. All writes to the ledger go through here.
   * @param work may be called again, after a conflict. It gets the session, and the fence with the server's time.
   * @throws LeaseLost, what the work throws, or the driver's error where the outcome is unknown.
   */
  fenced<T>(work: (session: ClientSession, fence: FenceDocument) => Promise<T>): Promise<T>;
  /** Stops the heartbeat without a word to the server: after a disconnection this process can take it again at once. */
  abandon(): void;
  release(): Promise<void>;
}

/** Leases of this process that it could not give back. Nobody uses them, so they need not run out. */
const abandoned = new Set<string>();

/**
 * Takes the lease on a database. A heartbeat renews it; the lease of a run that died is free within 15 s. Whatever
 * earlier holders left running is ended before this returns.
 * @param database the name that people know it by.
 * @param tell gets a sentence about who is waited for, at once and each 10 s.
 * @throws LockHeld after `waitSeconds`, naming the holder.
 */
export async function takeLease(ledger: Db, database: string, waitSeconds: number, tell: (sentence: string) => void) {
  const owner = randomUUID();
  const session = ledger.client.startSession({ causalConsistency: false });
  try {
    const [token, asked] = await acquire(ledger, database, session, owner, waitSeconds, tell);
    const lease = keep(ledger, commentOf(token, database), session, owner, token, asked);
    try {
      await killOperationsBefore(ledger.client.db("admin"), token, database);
      return lease;
    } catch (error) {
      await lease.release();
      throw error;
    }
  } catch (error) {
    // A claim whose answer was lost may have been kept.
    if (isUnknownOutcome(error)) abandoned.add(owner);
    await session.endSession().catch(() => {});
    throw error;
  }
}

async function acquire(
  ledger: Db,
  database: string,
  session: ClientSession,
  owner: string,
  waitSeconds: number,
  tell: (sentence: string) => void,
): Promise<[token: number, asked: number]> {
  const begun = performance.now();
  const isDead = silenceMeter();
  for (let told = -Infinity; ;) {
    const asked = performance.now();
    const sight = await lookAt(ledger);
    const { document } = sight;
    if (sight.isFree || abandoned.has(document!.owner!) || isDead(document!)) {
      const token = await claim(ledger, session, document, owner);
      if (token !== undefined) {
        abandoned.delete(document?.owner ?? "");
        return [token, asked];
      }
    }
    const waited = performance.now() - begun;
    if (waited > waitSeconds * 1000) throw held(database, sight, waitSeconds);
    if (!sight.isFree && performance.now() - told >= tellMilliseconds) {
      told = performance.now();
      tell(`Waiting for the migration lock of ${database}: ${holderOf(document!)} holds it.`);
    }
    await sleep(100 + Math.random() * 200);
  }
}

/**
 * The expiry is the server's time. Should somebody set its clock back, a dead holder's lease would last for long: so
 * this watches by its own clock whether the heartbeat stands still.
 */
function silenceMeter(): (document: LeaseDocument) => boolean {
  let last = "";
  let changed = performance.now();
  return ({ owner, expiresAt }) => {
    const beat = `${owner} ${expiresAt?.getTime()}`;
    if (beat !== last) [last, changed] = [beat, performance.now()];
    return performance.now() - changed > (leaseSeconds + 1) * 1000;
  };
}

function keep(ledger: Db, comment: string, session: ClientSession, owner: string, token: number, asked: number): Lease {
  const leases = leasesOf(ledger);
  const ours = { _id: "lock", owner, token } as const;
  let confirmed = clocks(asked);
  let isLost = false;
  const ensure = (isOurs: boolean, at: Clocks) => {
    // Once it was another's, it stays lost: that other one may be done already, and have changed the ledger.
    if (!isOurs) isLost = true;
    if (isLost) throw new LeaseLost();
    confirmed = at;
  };
  const renew = async () => {
    const stillRuns = { $expr: { $gt: ["$expiresAt", "$$NOW"] } };
    const at = clocks();
    const { matchedCount } = await leases.updateOne({ ...ours, ...stillRuns }, [{ $set: { expiresAt } }], { comment });
    ensure(matchedCount === 1, at);
  };
  // A renewal that fails is tried again by the next beat; the lease is ours until it runs out.
  const heartbeat = setInterval(() => void renew().catch(() => {}), heartbeatMilliseconds);
  return {
    token,
    comment,
    session,
    async assertHeld({ again } = { again: false }) {
      if (!again && !isLost && isFresh(confirmed)) return;
      const at = clocks();
      const { document, isFree } = await lookAt(ledger);
      ensure(document?.owner === owner && document.token === token && !isFree, at);
    },
    fenced: (work) =>
      inTransaction(session, async () => {
        if (isLost) throw new LeaseLost();
        const at = clocks();
        const fence = await fencesOf(ledger).findOneAndUpdate(
          { _id: "fence", token },
          { $inc: { writes: 1 }, $currentDate: { at: true } },
          { session, returnDocument: "after", comment },
        );
        ensure(fence !== null, at);
        return work(session, fence!);
      }),
    abandon() {
      clearInterval(heartbeat);
      abandoned.add(owner);
    },
    async release() {
      clearInterval(heartbeat);
      try {
        await leases.updateOne(ours, { $set: { owner: null }, $unset: { expiresAt: true, session: true } });
        await session.endSession();
      } catch {
        // It runs out by itself.
        abandoned.add(owner);
      }
    },
  };
}

type Clocks = [monotonic: number, wall: number];

function clocks(monotonic = performance.now()): Clocks {
  return [monotonic, Date.now()];
}

/** The monotonic clock stands still while a machine sleeps, the other one may be set: only both together say it. */
function isFresh(then: Clocks): boolean {
  const ages = [performance.now() - then[0], Date.now() - then[1]];
  return ages.every((age) => age >= 0 && age < freshMilliseconds);
}

function holderOf({ pid, host, since }: LeaseDocument): string {
  return `process ${pid} on ${host}, since ${since?.toISOString()},`;
}

function held(database: string, { document, isFree }: Sight, waitSeconds: number): MigrationError {
  const who = document && !isFree ? holderOf(document).slice(0, -1) : "it has just changed hands";
  return new LockHeld(
    `Another run holds the migration lock of ${database}: ${who}. It was waited for ${waitSeconds} s. ` +
      `Let it finish, or end that process; its lock is free ${leaseSeconds} s later. Then run \`pulumi up\` again.`,
  );
}
