import { hostname } from "node:os";
import { MongoServerError, type ClientSession, type Db } from "mongodb";
import type { FileRef, Ledger, LedgerRow, Snapshot, SourceFile, Unfinished } from "../types.ts";
import { namespaceExists } from "./codes.ts";
import type { Lease } from "./lease.ts";
import { fencesOf, type FenceDocument } from "./leaseDocument.ts";
import { pendingIn, readPending } from "./pending.ts";

const collections = ["lock", "migrations", "progress", "seeds", "seed_progress", "snapshot", "history"];

interface RowDocument {
  /** Name of the file. */
  _id: string;
  checksum: string;
  appliedAt: Date;
}

interface MigrationDocument extends RowDocument {
  /** As it was applied. Former releases kept none. */
  text?: string;
  /** Of the lease under which it was applied. */
  token?: number;
}

interface ProgressDocument extends Omit<Unfinished, "name"> {
  _id: string;
}

/** Nothing here is ever changed or deleted. */
interface HistoryDocument {
  at: Date;
  by: { user: string; host: string; pid: number };
  token: number;
  what: "applied" | "reverted" | "baselined" | "repaired";
  name: string;
  checksum: string;
}

interface SnapshotDocument {
  _id: "schema";
  version: string;
  /** JSON: the names of the objects hold dots. */
  objects: string;
}

/** One transaction that writes to the ledger: see Lease.fenced. */
export interface LedgerWrite {
  ledger: Db;
  session: ClientSession;
  /** The server's time. */
  at: Date;
  lease: Lease;
  /** The user of the database. */
  user: string;
}

/** Makes the collections that are missing, so that no transaction has to. */
export async function makeLedger(ledger: Db): Promise<void> {
  const present = new Set((await ledger.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  for (const name of collections.filter((name) => !present.has(name))) {
    await ledger.createCollection(name).catch((error) => {
      // Another run made it at the same moment.
      if (!(error instanceof MongoServerError && error.code === namespaceExists)) throw error;
    });
  }
}

export async function readLedger(ledger: Db): Promise<Ledger> {
  const rows = (kind: "migrations" | "seeds"): Promise<LedgerRow[]> =>
    ledger
      .collection<RowDocument>(kind)
      .find({}, { projection: { checksum: 1, appliedAt: 1 }, sort: { _id: 1 } })
      .map(({ _id, checksum, appliedAt }) => ({ name: _id, checksum, appliedAt }))
      .toArray();
  // First, because what is moved meanwhile is then seen twice, and not missed.
  const pending = await readPending(ledger);
  const [moved, seeds, [unfinished], snapshot] = await Promise.all([
    rows("migrations"),
    rows("seeds"),
    readProgress(ledger),
    ledger.collection<SnapshotDocument>("snapshot").findOne({ _id: "schema" }, { projection: { version: 1 } }),
  ]);
  const migrations = withPending(moved, pending);
  return {
    version: migrations.at(-1)?.name ?? "",
    migrations,
    seeds,
    ...(unfinished && { unfinished }),
    ...(snapshot && { snapshotOf: snapshot.version }),
  };
}

function withPending(moved: LedgerRow[], pending: readonly LedgerRow[]): LedgerRow[] {
  const known = new Set(moved.map(({ name }) => name));
  const added = pending.filter(({ name }) => !known.has(name));
  return [...moved, ...added.map(({ name, checksum, appliedAt }) => ({ name, checksum, appliedAt }))];
}

/** Moves to their collections what addPending recorded. To be called first in each fenced write. */
export async function movePending(write: LedgerWrite, fence: FenceDocument): Promise<void> {
  const pending = pendingIn(fence);
  if (pending.length === 0) return;
  const { ledger } = write;
  await ledger.collection<MigrationDocument>("migrations").insertMany(
    pending.map(({ name, checksum, text, appliedAt, token }) => ({ _id: name, checksum, text, appliedAt, token })),
    optionsOf(write),
  );
  await ledger.collection<HistoryDocument>("history").insertMany(
    pending.map(({ name, checksum, appliedAt, token, by }) => ({
      ...{ at: appliedAt, by, token, what: "applied" as const },
      ...{ name, checksum },
    })),
    optionsOf(write),
  );
  await fencesOf(ledger).updateOne({ _id: "fence" }, { $unset: { pending: true, times: true } }, optionsOf(write));
}

/** The files that were interrupted. One owner does one after the other, so there is one at most. */
export async function readProgress(ledger: Db): Promise<Unfinished[]> {
  const found = await ledger
    .collection<ProgressDocument>("progress")
    .find({}, { sort: { _id: 1 } })
    .toArray();
  return found.map(({ _id, ...progress }) => ({ name: _id, ...progress }));
}

export async function readText(ledger: Db, name: string): Promise<string | undefined> {
  const pending = (await readPending(ledger)).find((row) => row.name === name);
  return pending?.text ?? (await ledger.collection<MigrationDocument>("migrations").findOne({ _id: name }))?.text;
}

export async function readSnapshot(ledger: Db): Promise<Snapshot | undefined> {
  const found = await ledger.collection<SnapshotDocument>("snapshot").findOne({ _id: "schema" });
  return found ? { version: found.version, objects: JSON.parse(found.objects) } : undefined;
}

export async function writeSnapshot(write: LedgerWrite, { version, objects }: Snapshot): Promise<void> {
  await write.ledger
    .collection<SnapshotDocument>("snapshot")
    .replaceOne(
      { _id: "schema" },
      { version, objects: JSON.stringify(objects) },
      { upsert: true, ...optionsOf(write) },
    );
}

export async function writeProgress(write: LedgerWrite, { name, ...progress }: Unfinished): Promise<void> {
  await write.ledger
    .collection<ProgressDocument>("progress")
    .replaceOne({ _id: name }, progress, { upsert: true, ...optionsOf(write) });
}

export async function removeProgress(write: LedgerWrite, name: string): Promise<void> {
  await write.ledger.collection<ProgressDocument>("progress").deleteOne({ _id: name }, optionsOf(write));
}

/** The row of a migration that has just been applied. */
export async function addMigration(write: LedgerWrite, { name, checksum, text }: SourceFile): Promise<void> {
  const row = { _id: name, checksum, text, appliedAt: write.at, token: write.lease.token };
  await write.ledger.collection<MigrationDocument>("migrations").insertOne(row, optionsOf(write));
  await addHistory(write, "applied", [{ name, checksum }]);
}

export async function removeMigration(write: LedgerWrite, { name, checksum }: FileRef): Promise<void> {
  await write.ledger.collection<MigrationDocument>("migrations").deleteOne({ _id: name }, optionsOf(write));
  await addHistory(write, "reverted", [{ name, checksum }]);
}

/** Rows of migrations that are not run. One that is there keeps the time at which it was applied. */
export async function setMigrations(write: LedgerWrite, what: "baselined" | "repaired", files: readonly SourceFile[]) {
  if (files.length === 0) return;
  await write.ledger.collection<MigrationDocument>("migrations").bulkWrite(
    files.map(({ name, checksum, text }) => ({
      updateOne: {
        filter: { _id: name },
        update: { $set: { checksum, text }, $setOnInsert: { appliedAt: write.at, token: write.lease.token } },
        upsert: true,
      },
    })),
    optionsOf(write),
  );
  await addHistory(write, what, files);
}

async function addHistory(write: LedgerWrite, what: HistoryDocument["what"], files: readonly FileRef[]): Promise<void> {
  const { at, user, lease } = write;
  const by = { user, host: hostname(), pid: process.pid };
  const entries = files.map(({ name, checksum }) => ({ at, by, token: lease.token, what, name, checksum }));
  await write.ledger.collection<HistoryDocument>("history").insertMany(entries, optionsOf(write));
}

function optionsOf({ session, lease }: LedgerWrite) {
  return { session, comment: lease.comment };
}
