import { ApplyFailure, MigrationError, listed } from "./errors.ts";
import { readMigrations } from "./files.ts";
import { look, withLockedDatabase } from "./open.ts";
import { objections, planOn, reviewOn } from "./review.ts";
import { withSnapshot } from "./snapshot.ts";
import type {
  Connection,
  Database,
  Engine,
  FileRef,
  Ledger,
  MigrateReport,
  MigrateRequest,
  Migration,
} from "./types.ts";

/**
 * Brings a database up to the files of a folder: takes the lock, compares with the ledger, applies what is pending.
 * Interrupted anywhere, it can be called again.
 * @throws MigrationError for files that don't fit what was applied, that their review refuses, or that fail; LockHeld.
 */
export async function migrate(engine: Engine, request: MigrateRequest): Promise<MigrateReport> {
  const files = readMigrations(engine, request.directory);
  if (request.migrations) refuseUnlessPreviewed(request.directory, files, request.migrations);
  let earlier: number | undefined;
  // By name. After a broken connection what the rest builds on is no longer new, and a second review might refuse it.
  const reviewed = new Set<string>();
  return withLockedDatabase(engine, request, async (database) => {
    const ledger = await database.readLedger();
    // Where the connection broke, the ledger has what this run did before.
    earlier ??= ledger.migrations.length;
    const { pending, refusals } = await planOn(database, files, ledger);
    if (refusals.length > 0) throw new MigrationError(refusals.join("\n"));
    const unseen = pending.filter(({ name }) => !reviewed.has(name));
    const stopped = objections(await reviewOn(engine, database, ledger, files, unseen));
    if (stopped.length > 0) throw new MigrationError(`${stopped.join("\n")}\nNothing was applied.`);
    for (const { name } of unseen) reviewed.add(name);
    if (pending.length > 0 || ledger.snapshotOf !== ledger.version) {
      await withSnapshot(database, ledger, request.tell ?? (() => {}), () => applyAll(database, pending, ledger));
    }
    const applied = [...ledger.migrations, ...pending].map((file) => file.name);
    return { version: applied.at(-1) ?? "", applied, added: applied.slice(earlier) };
  });
}

/** What the database says was done to it; empty where the migrator never ran. Takes no lock, changes nothing. */
export function readLedger(engine: Engine, connection: Connection): Promise<Ledger> {
  return look(engine, connection, (database) => database.readLedger());
}

/** What was shown is what is applied: a file saved between the preview and now waits for the next run. */
export function refuseUnlessPreviewed(directory: string, files: FileRef[], previewed: FileRef[]): void {
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

async function applyAll(database: Database, pending: Migration[], ledger: Ledger): Promise<void> {
  for (let done = 0; done < pending.length;) {
    try {
      done += await database.apply(pending.slice(done));
    } catch (error) {
      if (!(error instanceof ApplyFailure)) throw error;
      throw withHistory(error, pending[done]!, appliedBefore(pending.slice(0, done), ledger.migrations));
    }
  }
}

/** The failure of one file, with what was done before it. */
export function withHistory(error: ApplyFailure, file: FileRef, before: string): MigrationError {
  return new MigrationError(`${error.message}; ${before}, ${error.kept}. ${error.remedy}`, {
    migration: file.name,
    cause: error.cause,
  });
}

/** What was applied before a file that failed: in this run, or else by earlier ones. */
export function appliedBefore(done: FileRef[], earlier: FileRef[]): string {
  const names = done.map(({ name }) => name);
  if (names.length > 0) return `${listed(names)} ${names.length === 1 ? "was" : "were"} applied before it`;
  const last = earlier.at(-1);
  return last ? `the last one applied is ${last.name}` : "nothing was applied before it";
}
