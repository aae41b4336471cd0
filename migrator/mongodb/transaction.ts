import { setTimeout as sleep } from "node:timers/promises";
import { MongoError, MongoErrorLabel, ReadPreference, type ClientSession } from "mongodb";
import { isUnknownOutcome } from "./unknownOutcome.ts";

/** What a commit means to the engine: a majority has it on disk. */
const durable = {
  readConcern: { level: "majority" },
  writeConcern: { w: "majority", journal: true },
  readPreference: ReadPreference.primary,
} as const;

/** The driver's own limit of 120 s would hold a run up for that long. */
const retryMilliseconds = 10_000;

/**
 * Does the work in one transaction, again where it was in the way of another one. A commit whose answer was lost is
 * repeated, which does nothing where it was kept.
 * @throws what the work throws, and the driver's error where the connection broke: then the outcome is unknown.
 */
export async function inTransaction<T>(session: ClientSession, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + retryMilliseconds;
  for (let attempt = 1; ; attempt++) {
    session.startTransaction(durable);
    try {
      const result = await work();
      await commit(session, deadline);
      return result;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      const mayRetry = error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.TransientTransactionError);
      // A process that was frozen finds its time up, and still has to learn why.
      const isLate = attempt > 1 && performance.now() > deadline;
      if (!mayRetry || isUnknownOutcome(error) || isLate) throw error;
    }
    await sleep(Math.min(5 * 2 ** attempt, 200) * (0.5 + Math.random()));
  }
}

async function commit(session: ClientSession, deadline: number): Promise<void> {
  for (;;) {
    try {
      return await session.commitTransaction();
    } catch (error) {
      const isUnknown =
        error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.UnknownTransactionCommitResult);
      if (!isUnknown || performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}
