import { firstEditByMarks, lineMarks } from "./edits.ts";
import { readMigrations } from "./files.ts";
import { look } from "./open.ts";
import { editedFiles, plan, type Applied } from "./plan.ts";
import { objections, planOn, reviewPending } from "./review.ts";
import type { Connection, Engine, Review } from "./types.ts";

/** What the next run is going to do, or why it won't. */
export interface Preview {
  /** Each pending file, in words. */
  reviews: Review[];
  /** One sentence for each reason that stops the run. */
  refusals: string[];
}

/** Compares a folder with a database. Takes no lock, changes nothing. @throws MigrationError for files that can't be read. */
export function previewOn(engine: Engine, connection: Connection, directory: string): Promise<Preview> {
  const files = readMigrations(engine, directory);
  return look(engine, connection, async (database) => {
    const { pending, refusals } = await planOn(database, files, await database.readLedger());
    const reviews = await reviewPending(engine, files, pending);
    return { reviews, refusals: [...refusals, ...objections(reviews)] };
  });
}

/** For each file of a folder the marks of its lines, by which `previewFrom` tells an edit later. */
export function marksOf(engine: Engine, directory: string): Record<string, string> {
  return Object.fromEntries(readMigrations(engine, directory).map(({ name, text }) => [name, lineMarks(text)]));
}

/**
 * Compares a folder with what is known to be applied; needs no database.
 * @param lines what `marksOf` said of what was applied.
 * @throws MigrationError for files that can't be read.
 */
export async function previewFrom(
  engine: Engine,
  directory: string,
  applied: Applied,
  lines: Record<string, string>,
): Promise<Preview> {
  const files = readMigrations(engine, directory);
  const edits = new Map<string, string>();
  for (const { name, text } of editedFiles(files, applied)) {
    const marks = lines[name];
    if (marks !== undefined) edits.set(name, firstEditByMarks(marks, text));
  }
  const { pending, refusals } = plan(files, applied, edits);
  const reviews = await reviewPending(engine, files, pending);
  return { reviews, refusals: [...refusals, ...objections(reviews)] };
}
