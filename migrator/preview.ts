import { firstEditByMarks, lineMarks } from "./edits.ts";
import { readMigrations } from "./files.ts";
import { look } from "./open.ts";
import { editedFiles, plan, type Applied } from "./plan.ts";
import { objections, planOn, reviewOn, reviewPending } from "./review.ts";
import type { Connection, Engine, Ledger, Review } from "./types.ts";

/** What the next run is going to do, or why it won't. */
export interface Preview {
  /** Each pending file, in words. */
  reviews: Review[];
  /** One sentence for each reason that stops the run. */
  refusals: string[];
}

/** Compares a folder with a database. Takes no lock, changes nothing. @throws MigrationError for files that can't be read. */
export function previewOn(
  engine: Engine,
  connection: Connection,
  directory: string,
): Promise<Preview & { ledger: Ledger }> {
  const files = readMigrations(engine, directory);
  return look(engine, connection, async (database) => {
    const ledger = await database.readLedger();
    const { pending, refusals } = await planOn(database, files, ledger);
    const reviews = await reviewOn(engine, database, ledger, files, pending);
    return { reviews, refusals: [...refusals, ...objections(reviews)], ledger };
  });
}

/**
 * Compares a folder with what is known to be applied; needs no database.
 * @param marks of what was applied, as an earlier preview gave them.
 * @returns also the marks of the files as they are: by these an edit is told with its line next time.
 * @throws MigrationError for files that can't be read.
 */
export async function previewFrom(
  engine: Engine,
  directory: string,
  applied: Applied,
  marks: Record<string, string>,
): Promise<Preview & { marks: Record<string, string> }> {
  const files = readMigrations(engine, directory);
  const edits = new Map<string, string>();
  for (const { name, text } of editedFiles(files, applied)) {
    const former = marks[name];
    if (former !== undefined) edits.set(name, firstEditByMarks(former, text));
  }
  const { pending, refusals } = plan(files, applied, edits);
  const reviews = await reviewPending(engine, files, pending);
  return {
    reviews,
    refusals: [...refusals, ...objections(reviews)],
    marks: Object.fromEntries(files.map(({ name, text }) => [name, lineMarks(text)])),
  };
}
