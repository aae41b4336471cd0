import { MongoServerError, type ClientSession, type Db } from "mongodb";
import { ApplyFailure, MigrationError, messageOf } from "../errors.ts";
import { connectMongo } from "./connection.ts";
import { LeaseLost, takeLease, type Lease } from "./lease.ts";
import { insertSeed, parseSeed } from "./seed.ts";
import { commandName, loadSteps, runStep } from "./steps.ts";
import type { Connection, Database, FileKind, Ledger, LedgerRow, SourceFile } from "../types.ts";

interface LedgerDocument {
  /** Name of the file. */
  _id: string;
  checksum: string;
  appliedAt: Date;
}

/**
 * @param connection as a user that may do everything in the database and in its ledger.
 * @param container see `connectMongo`.
 */
export async function openMongo(connection: Connection, container?: string): Promise<Database> {
  const client = await connectMongo(connection, container);
  const database = client.db(connection.database);
  // Beside the database, out of its users' sight.
  const ledger = client.db(`${connection.database}_ledger`);
  let lease: Lease;
  return {
    async lock(waitSeconds) {
      lease = await takeLease(ledger, connection.database, waitSeconds);
    },
    readLedger: () => readLedger(ledger),
    check: (kind, file) => void (kind === "migrations" ? loadSteps(file) : parseSeed(file)),
    apply: (kind, file) =>
      kind === "migrations" ? applyMigration(database, ledger, lease, file) : applySeed(database, ledger, lease, file),
    async close() {
      await lease?.release();
      await client.close();
    },
  };
}

async function readLedger(ledger: Db): Promise<Ledger> {
  const rows = async (kind: FileKind): Promise<LedgerRow[]> => {
    const documents = ledger.collection<LedgerDocument>(kind).find().sort({ _id: 1 });
    return documents.map(({ _id, checksum, appliedAt }) => ({ name: _id, checksum, appliedAt })).toArray();
  };
  const migrations = await rows("migrations");
  return { version: migrations.at(-1)?.name ?? "", migrations, seeds: await rows("seeds") };
}

/** MongoDB's definitions know no transaction: so each step can be passed again, and the ledger row comes last. */
async function applyMigration(database: Db, ledger: Db, lease: Lease, file: SourceFile): Promise<void> {
  for (const [index, step] of loadSteps(file).entries()) {
    lease.assertHeld();
    try {
      await runStep(database, step);
    } catch (error) {
      const before = index === 1 ? `step 1 of ${file.name} is` : `steps 1 to ${index} of ${file.name} are`;
      const kept = index === 0 ? `nothing of ${file.name} was kept` : `${before} in place and will be passed again`;
      throw failure(`${file.name} step ${index + 1} (${commandName(step)})`, kept, error);
    }
  }
  await record(ledger, lease, "migrations", file);
}

/** One transaction holds the documents and the ledger row: all are kept, or none. */
async function applySeed(database: Db, ledger: Db, lease: Lease, file: SourceFile): Promise<void> {
  const seed = parseSeed(file);
  try {
    await database.client.withSession((session) =>
      session.withTransaction(async () => {
        await insertSeed(database, seed, session);
        await record(ledger, lease, "seeds", file, session);
      }),
    );
  } catch (error) {
    throw failure(file.name, `nothing of ${file.name} was kept`, error);
  }
}

async function record(ledger: Db, lease: Lease, kind: FileKind, file: SourceFile, session?: ClientSession) {
  lease.assertHeld();
  await ledger
    .collection<LedgerDocument>(kind)
    .updateOne(
      { _id: file.name },
      { $setOnInsert: { checksum: file.checksum }, $currentDate: { appliedAt: true } },
      { upsert: true, session },
    );
}

function failure(place: string, kept: string, error: unknown): Error {
  if (error instanceof LeaseLost) return error;
  const isRefusal = error instanceof MongoServerError || error instanceof MigrationError;
  const reason = isRefusal ? messageOf(error) : `the connection to MongoDB broke (${messageOf(error)})`;
  const remedy = isRefusal
    ? "Mend the file, and run `pulumi up` again."
    : "Run `pulumi up` again: it goes on from there.";
  return new ApplyFailure(`${place}: ${reason}`, kept, remedy, error);
}
