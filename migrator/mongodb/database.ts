import type { ClientSession, Db } from "mongodb";
import { Disconnected, MigrationError } from "../errors.ts";
import { addressOf } from "../readiness.ts";
import type { Connection, Database, OpenOptions } from "../types.ts";
import { runFile, type Workplace } from "./apply.ts";
import { readMongoCatalog } from "./catalog.ts";
import { connectMongo } from "./connection.ts";
import { takeLease, type Lease } from "./lease.ts";
import * as rows from "./ledger.ts";
import { lossesOf } from "./losses.ts";
import { pendingUnder, readPending, type Pending } from "./pending.ts";
import { waitForPrimary } from "./primary.ts";
import { seedMongo } from "./seed.ts";
import { serverRefusal } from "./serverRefusal.ts";
import { parseSteps } from "./steps.ts";
import { connectedOr } from "./unknownOutcome.ts";

/** With what stands behind the interface: who proves the fence has to reach it. */
export interface MongoDatabase extends Database {
  /** @throws Error before `lock`. */
  readonly lease: Lease;
  /** One transaction for documents and ledger: it is kept only while the lease is ours. The work may be called again. */
  fenced<T>(work: (write: rows.LedgerWrite) => Promise<T>): Promise<T>;
}

/**
 * @param connection as a user that may do everything in the database and in its ledger, and see and kill operations.
 * @throws what `connectMongo` throws.
 */
export async function openMongo(connection: Connection, options: OpenOptions): Promise<MongoDatabase> {
  const { tell } = options;
  const client = await connectMongo(connection, options);
  const database = client.db(connection.database);
  // Beside the database, out of its users' sight.
  const ledger = client.db(`${connection.database}_ledger`);
  let lease: Lease | undefined;
  let pending: Pending | undefined;
  let progress: Workplace["progress"] = new Map();

  const held = () => {
    if (!lease) throw new Error("The lock was not taken.");
    return lease;
  };
  /** After a disconnection this connection is given up: the next one of this process may take the lease at once. */
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await connectedOr(work);
    } catch (error) {
      if (error instanceof Disconnected) {
        lease?.abandon();
        lease = undefined;
      }
      throw serverRefusal(error, connection);
    }
  };
  const write = async <T>(work: (write: rows.LedgerWrite) => Promise<T>): Promise<T> => {
    const lease = held();
    const result = await lease.fenced(async (session, fence) => {
      const write = { ledger, session, at: fence.at, lease, user: connection.user };
      await rows.movePending(write, fence);
      return work(write);
    });
    pending?.moved();
    return result;
  };
  const movePending = () => write(async () => {});
  const place = (): Workplace => ({ database, lease: held(), progress, write, tell });

  return {
    get lease() {
      return held();
    },
    fenced: (work) => guarded(() => write(work)),
    lock: (waitSeconds) =>
      guarded(async () => {
        await waitForPrimary(client.db("admin"), `MongoDB at ${addressOf(connection)}`, tell);
        await rows.makeLedger(ledger);
        lease = await takeLease(ledger, connection.database, waitSeconds, tell);
        // Of a run that was killed.
        if ((await readPending(ledger)).length > 0) await movePending();
        pending = pendingUnder(ledger, lease);
        progress = new Map((await rows.readProgress(ledger)).map((unfinished) => [unfinished.name, unfinished]));
      }),
    readLedger: () => guarded(() => rows.readLedger(ledger)),
    appliedText: (name) => guarded(() => rows.readText(ledger, name)),
    apply: ([migration]) =>
      guarded(async () => {
        const write = (write: rows.LedgerWrite) => rows.addMigration(write, migration!);
        const alone = async () => {
          if (await pending!.add(migration!, connection.user)) await movePending();
        };
        await runFile(place(), migration!, { write, alone }, migration!.verify);
        return 1;
      }),
    revert: (migration) =>
      guarded(async () => {
        const { down, name } = migration;
        if (!down)
          throw new MigrationError(`${name} has no down file. Write one, or write a migration that undoes it.`);
        await runFile(place(), down, { write: (write) => rows.removeMigration(write, migration) });
      }),
    losses: (down) =>
      guarded(() =>
        lossesOf(
          database,
          parseSteps(down).steps.map(({ command }) => command),
        ),
      ),
    record: (what, files) => guarded(() => write((write) => rows.setMigrations(write, what, files))),
    seed: (file, seedOptions) =>
      guarded(() => {
        const fenced = <T>(work: (session: ClientSession) => Promise<T>) => write(({ session }) => work(session));
        return seedMongo({ database, ledger, file, ...seedOptions, tell, fenced, lease: held() });
      }),
    emptyOf: (collections) => guarded(() => emptyCollections(database, collections)),
    readCatalog: () => guarded(() => readMongoCatalog(database)),
    readSnapshot: () => guarded(() => rows.readSnapshot(ledger)),
    writeSnapshot: (snapshot) => guarded(() => write((write) => rows.writeSnapshot(write, snapshot))),
    async close() {
      // Where this fails the next run does it.
      if (lease && !pending?.isEmpty()) await movePending().catch(() => {});
      await lease?.release();
      lease = undefined;
      await client.close();
    },
  };
}

async function emptyCollections(database: Db, collections: readonly string[]): Promise<string[]> {
  const found = collections.map(async (name) => ((await database.collection(name).findOne()) ? [] : [name]));
  return (await Promise.all(found)).flat();
}
