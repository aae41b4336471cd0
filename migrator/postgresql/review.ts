import type { Migration, Review } from "../types.ts";
import { describeScript } from "./describe.ts";
import { lintSql } from "./lint.ts";
import { parseSql } from "./statements.ts";
import { nothingKnown } from "./tables.ts";

/**
 * What the pending migrations are going to do, in order.
 * @param empty tables that are there and have no rows.
 * @throws MigrationError for a file that can't be read, companions included: see `parseSql`.
 */
export async function reviewSql(pending: readonly Migration[], empty: readonly string[] = []): Promise<Review[]> {
  const tables = nothingKnown();
  for (const table of empty) tables.empty.set(table, table);
  const reviews: Review[] = [];
  for (const file of pending) {
    const script = await parseSql(file);
    for (const companion of [file.down, file.verify]) if (companion) await parseSql(companion);
    reviews.push({
      name: file.name,
      checksum: file.checksum,
      transaction: script.transaction,
      statements: describeScript(script.statements),
      findings: lintSql(script, tables),
    });
  }
  return reviews;
}
