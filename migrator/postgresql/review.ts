import type { Migration, Review } from "../types.ts";
import { describeScript } from "./describe.ts";
import { lintSql, tablesMadeBy } from "./lint.ts";
import { parseSql } from "./statements.ts";

/**
 * What the pending migrations are going to do, in order.
 * @throws MigrationError for a file that can't be read, companions included: see `parseSql`.
 */
export async function reviewSql(pending: readonly Migration[]): Promise<Review[]> {
  const fresh = new Set<string>();
  const reviews: Review[] = [];
  for (const file of pending) {
    const script = await parseSql(file);
    for (const companion of [file.down, file.verify]) if (companion) await parseSql(companion);
    reviews.push({
      name: file.name,
      checksum: file.checksum,
      transaction: script.transaction,
      statements: describeScript(script.statements),
      findings: lintSql(script, fresh),
    });
    for (const table of tablesMadeBy(script.statements)) fresh.add(table);
  }
  return reviews;
}
