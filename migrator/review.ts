import { editedFiles, plan, type Plan } from "./plan.ts";
import { firstEdit } from "./edits.ts";
import { stillNew } from "./stillNew.ts";
import type { Database, Engine, Ledger, Migration, Review } from "./types.ts";

/**
 * What pending files are going to do, in words, with what the linter says of them. Reads the texts alone.
 * @param files all of the folder, in order.
 * @param empty tables that are there and count as new: see stillNew.ts.
 * @throws MigrationError for a file that can't be understood at all.
 */
export async function reviewPending(
  engine: Engine,
  files: Migration[],
  pending: Migration[],
  empty: readonly string[] = [],
): Promise<Review[]> {
  if (pending.length === 0) return [];
  if (engine === "postgresql") return (await import("./postgresql/review.ts")).reviewSql(pending, empty);
  const { reviewSteps } = await import("./mongodb/review.ts");
  return reviewSteps(files, new Set(pending.map(({ name }) => name)), empty);
}

/** As `reviewPending`, on a database: what an interrupted run made there, and nobody has used, counts as new. */
export async function reviewOn(
  engine: Engine,
  database: Database,
  ledger: Ledger,
  files: Migration[],
  pending: Migration[],
): Promise<Review[]> {
  const reviews = await reviewPending(engine, files, pending);
  // Mostly nothing stands against them, and the database need not be asked.
  return objections(reviews).length === 0
    ? reviews
    : reviewPending(engine, files, pending, await stillNew(database, ledger));
}

/** One sentence for each finding that stops an update. */
export function objections(reviews: readonly Review[]): string[] {
  return reviews.flatMap(({ name, findings }) =>
    findings
      .filter(
        ({ severity, allowed }) => severity === "refused" || (severity === "destructive" && allowed === undefined),
      )
      .map(({ place, message }) => `${name} ${place}: ${message}`),
  );
}

/** As `plan`, with the line of each edit where the ledger has the former text. */
export async function planOn(database: Database, files: Migration[], ledger: Ledger): Promise<Plan<Migration>> {
  const edits = new Map<string, string>();
  for (const { name, text } of editedFiles(files, ledger)) {
    const former = await database.appliedText(name);
    if (former !== undefined) edits.set(name, firstEdit(former, text));
  }
  return plan(files, ledger, edits);
}
