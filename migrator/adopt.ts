import { firstEdit } from "./edits.ts";
import { MigrationError, listed } from "./errors.ts";
import { readMigrations } from "./files.ts";
import { withLockedDatabase } from "./open.ts";
import { editedFiles } from "./plan.ts";
import { planOn } from "./review.ts";
import { withSnapshot } from "./snapshot.ts";
import type { Engine, Migration, RunRequest } from "./types.ts";

/**
 * Writes into the ledger that a database has the schema already, up to one migration, without running any.
 * @param to the last migration whose schema is there.
 * @returns the names of those that were written.
 * @throws MigrationError for an empty database, an unknown name, files that don't fit the ledger; LockHeld.
 */
export async function baseline(engine: Engine, request: RunRequest & { to: string }): Promise<string[]> {
  const files = readMigrations(engine, request.directory);
  const last = files.findIndex(({ name }) => name === request.to);
  if (last < 0) throw new MigrationError(unknown(request.to, request.directory, files));
  let names: string[] | undefined;
  return withLockedDatabase(engine, request, async (database) => {
    const ledger = await database.readLedger();
    const { pending, refusals } = await planOn(database, files, ledger);
    if (refusals.length > 0) throw new MigrationError(refusals.join("\n"));
    // The schema public and what PostgreSQL brings along are in every database.
    if (Object.keys(await database.readCatalog()).every((name) => /^(schema|extension) /.test(name))) {
      throw new MigrationError(
        `${request.connection.database} is empty, so it can't have the schema of ${request.to}. Nothing was written. ` +
          "Migrate it instead.",
      );
    }
    const there = pending.filter((file) => files.indexOf(file) <= last);
    // Where the connection broke, the ledger may have them by now.
    names ??= there.map(({ name }) => name);
    await withSnapshot(
      database,
      ledger,
      () => {},
      () => database.record("baselined", there),
    );
    return names;
  });
}

/**
 * Accepts files of which only comments, blanks or line breaks were edited since they were applied.
 * @param names of the files.
 * @throws MigrationError for an edit that changes what the file does, naming the line: nothing hides it.
 */
export async function repair(engine: Engine, request: RunRequest & { names: readonly string[] }): Promise<string[]> {
  const files = readMigrations(engine, request.directory);
  const stranger = request.names.find((name) => !files.some((file) => file.name === name));
  if (stranger !== undefined) throw new MigrationError(unknown(stranger, request.directory, files));
  let names: string[] | undefined;
  return withLockedDatabase(engine, request, async (database) => {
    const edited = editedFiles(files, await database.readLedger()).filter(({ name }) => request.names.includes(name));
    for (const file of edited) {
      const former = await database.appliedText(file.name);
      const reason =
        former === undefined
          ? "the ledger does not have the text that was applied"
          : await difference(engine, file, former);
      if (reason === undefined) continue;
      throw new MigrationError(
        `${file.name} can't be accepted: ${reason}. Nothing was written. Bring its text back, and put the change into a new file.`,
        { migration: file.name },
      );
    }
    // As in a baseline.
    names ??= edited.map(({ name }) => name);
    if (edited.length > 0) await database.record("repaired", edited);
    return names;
  });
}

/** What else than comments was edited; undefined when the text still does the same. */
async function difference(engine: Engine, file: Migration, former: string): Promise<string | undefined> {
  const meaningOf =
    engine === "postgresql"
      ? (await import("./postgresql/meaning.ts")).meaningOf
      : (await import("./mongodb/meaning.ts")).meaningOf;
  const isSame = (await meaningOf(file)) === (await meaningOf({ ...file, text: former }));
  return isSame ? undefined : `more than comments was edited: ${firstEdit(former, file.text)}`;
}

function unknown(name: string, directory: string, files: Migration[]): string {
  return `There is no migration ${name} in ${directory}; it has ${listed(files.map((file) => file.name)) || "none"}.`;
}
