import { ApplyFailure, MigrationError, listed } from "./errors.ts";
import { readMigrations, readSeeds } from "./files.ts";
import { plan } from "./plan.ts";
import { seedPlan } from "./seeds.ts";
import type {
  Connection,
  Database,
  Engine,
  FileKind,
  FileRef,
  Ledger,
  MigrateReport,
  MigrateRequest,
  RunRequest,
  SeedReport,
  SeedRequest,
  SourceFile,
} from "./types.ts";

/**
 * Brings a database up to the files of a folder: takes the lock, compares with the ledger, applies what is pending.
 * Interrupted anywhere, it can be called again.
 * @throws MigrationError for files that don't fit what was applied, for a file that fails, for a lock not gained in time.
 */
export async function migrate(engine: Engine, request: MigrateRequest): Promise<MigrateReport> {
  const files = readMigrations(engine, request.directory);
  refuseUnlessPreviewed(request.directory, files, request.migrations);
  return withLockedDatabase(engine, request, async (database) => {
    const ledger = await database.readLedger();
    const { pending, refusals } = plan(files, ledger.migrations);
    if (refusals.length > 0) throw new MigrationError(refusals.join("\n"));
    await applyAll(database, "migrations", pending, ledger);
    const applied = [...ledger.migrations, ...pending].map((file) => file.name);
    return { version: applied.at(-1) ?? "", applied };
  });
}

/**
 * Inserts the requested seeds that the ledger doesn't have. What was seeded once is never touched again.
 * @throws MigrationError as `migrate` does.
 */
export async function seed(engine: Engine, request: SeedRequest): Promise<SeedReport> {
  const sets = new Set(request.seeds.map((file) => file.name.slice(0, file.name.indexOf("/"))));
  const files = readSeeds(engine, request.directory, [...sets]);
  refuseUnlessPreviewed(request.directory, files, request.seeds);
  return withLockedDatabase(engine, request, async (database) => {
    const ledger = await database.readLedger();
    const { pending, changed } = seedPlan(files, ledger.seeds);
    await applyAll(database, "seeds", pending, ledger);
    return { seeded: files.map((file) => file.name), changed };
  });
}

/** What the database says was done to it; empty where the migrator never ran. Takes no lock, changes nothing. */
export async function readLedger(engine: Engine, connection: Connection): Promise<Ledger> {
  const database = await open(engine, connection);
  return database.readLedger().finally(() => database.close());
}

async function withLockedDatabase<T>(engine: Engine, request: RunRequest, work: (database: Database) => Promise<T>) {
  const database = await open(engine, request.connection, request.container);
  try {
    await database.lock(request.lockWait ?? 60);
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Loads only the driver that is needed: together they take longer to load than most runs to run. */
async function open(engine: Engine, connection: Connection, container?: string): Promise<Database> {
  if (engine === "postgresql") return (await import("./postgresql/database.ts")).openPostgres(connection, container);
  return (await import("./mongodb/database.ts")).openMongo(connection, container);
}

/** What was shown is what is applied: a file saved between the preview and now waits for the next run. */
function refuseUnlessPreviewed(directory: string, files: FileRef[], previewed: FileRef[]): void {
  const label = ({ name, checksum }: FileRef) => `${name} ${checksum}`;
  const expected = new Set(previewed.map(label));
  const found = new Set(files.map(label));
  const different = [...files, ...previewed].find((file) => !expected.has(label(file)) || !found.has(label(file)));
  if (!different) return;
  throw new MigrationError(
    `${different.name} in ${directory} has changed since it was planned. Nothing was applied. Run \`pulumi up\` again.`,
    { migration: different.name },
  );
}

async function applyAll(database: Database, kind: FileKind, pending: SourceFile[], ledger: Ledger): Promise<void> {
  for (const file of pending) database.check(kind, file);
  for (const [index, file] of pending.entries()) {
    try {
      await database.apply(kind, file);
    } catch (error) {
      if (!(error instanceof ApplyFailure)) throw error;
      const before = whatStands(pending.slice(0, index), ledger[kind]);
      throw new MigrationError(`${error.message}; ${before}, ${error.kept}. ${error.remedy}`, {
        migration: file.name,
        cause: error.cause,
      });
    }
  }
}

/** What was done before a failure: in this run, or else by earlier ones. */
function whatStands(done: FileRef[], earlier: FileRef[]): string {
  const names = done.map((file) => file.name);
  if (names.length > 0) return `${listed(names)} ${names.length === 1 ? "was" : "were"} applied before it`;
  const last = earlier.at(-1);
  return last ? `the last one applied is ${last.name}` : "nothing was applied before it";
}
