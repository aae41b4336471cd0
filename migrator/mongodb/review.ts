import { MigrationError } from "../errors.ts";
import type { Review, SourceFile } from "../types.ts";
import { describeStep } from "./describe.ts";
import { lintSteps } from "./lint.ts";
import { foldSteps, type Schema } from "./model.ts";
import { parseSteps, type MongoScript } from "./steps.ts";

/**
 * What the pending migrations are going to do, in order.
 * @param files all migrations in order: those that are applied tell what is there.
 * @param pending names of those that are not applied.
 * @throws MigrationError for a pending file that can't be read: see `parseSteps`.
 */
export function reviewSteps(files: readonly SourceFile[], pending: ReadonlySet<string>): Review[] {
  let schema: Schema = new Map();
  const reviews: Review[] = [];
  for (const file of files) {
    const isPending = pending.has(file.name);
    const script = isPending ? parseSteps(file) : appliedScript(file);
    if (isPending) {
      const { name, checksum } = file;
      const statements = script.steps.map(({ command, number }) => ({
        place: `step ${number}`,
        words: describeStep(command),
      }));
      reviews.push({ name, checksum, transaction: false, statements, findings: lintSteps(file, script, schema) });
    }
    schema = foldSteps(schema, script, isPending);
  }
  return reviews;
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
