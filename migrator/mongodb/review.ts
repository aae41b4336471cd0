import { setImmediate } from "node:timers/promises";
import { MigrationError } from "../errors.ts";
import type { Migration, Review, SourceFile } from "../types.ts";
import { describeStep } from "./describe.ts";
import { lintSteps } from "./lint.ts";
import { foldStep, unknown, type Schema } from "./model.ts";
import { parseQueries, parseSteps, type MongoScript } from "./steps.ts";

const pauseMilliseconds = 100;

/**
 * What the pending migrations are going to do, in order.
 * @param files all migrations in order: those that are applied tell what is there.
 * @param pending names of those that are not applied.
 * @param empty collections that are there and have no documents.
 * @throws MigrationError for a pending file that can't be read, companions included: see `parseSteps`.
 */
export async function reviewSteps(
  files: readonly Migration[],
  pending: ReadonlySet<string>,
  empty: readonly string[] = [],
): Promise<Review[]> {
  const schema: Schema = new Map();
  const reviews: Review[] = [];
  let paused = performance.now();
  for (const file of files) {
    // To run ten thousand texts takes longer than a lease lasts, and its heartbeat needs a turn.
    if (performance.now() > paused + pauseMilliseconds) {
      await setImmediate();
      paused = performance.now();
    }
    const isPending = pending.has(file.name);
    const script = isPending ? parseSteps(file) : appliedScript(file);
    if (isPending) {
      if (reviews.length === 0) freshen(schema, empty);
      if (file.down) parseSteps(file.down);
      if (file.verify) parseQueries(file.verify);
      const { name, checksum } = file;
      const statements = script.steps.map(({ command, number }) => ({
        place: `step ${number}`,
        words: describeStep(command),
      }));
      reviews.push({ name, checksum, transaction: false, statements, findings: lintSteps(file, script, schema) });
    } else for (const { command } of script.steps) foldStep(schema, command, false);
  }
  return reviews;
}

function freshen(schema: Schema, empty: readonly string[]): void {
  for (const name of empty) schema.set(name, { ...(schema.get(name) ?? unknown), fresh: true });
}

/** A text that an earlier release applied can't be mended any more: what it tells is lost, and nothing stops. */
function appliedScript(file: SourceFile): MongoScript {
  try {
    return parseSteps(file);
  } catch (error) {
    if (error instanceof MigrationError) return { allowed: new Map(), steps: [] };
    throw error;
  }
}
