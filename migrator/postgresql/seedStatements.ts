import { loadModule, parseSync, type InsertStmt } from "libpg-query";
import { changesInside } from "./names.ts";
import { linesOf } from "./statements.ts";

export interface SeedStatement {
  /** Line of the file, from 1, where it begins. */
  line: number;
  /** Whether it would end the transaction that it runs in. */
  endsTransaction: boolean;
  /** Whether it can be run again and only adds rows: an INSERT ... ON CONFLICT DO NOTHING, and nothing else inside. */
  onlyAdds: boolean;
}

/**
 * What PostgreSQL's own parser says of the statements of a seed.
 * @returns undefined for a text that it can't read: the server tells what is wrong with that.
 */
export async function seedStatements(text: string): Promise<SeedStatement[] | undefined> {
  await loadModule();
  // It refuses an empty text, which PostgreSQL does not.
  if (text.trim() === "") return [];
  let statements;
  try {
    statements = parseSync(text).stmts ?? [];
  } catch {
    return undefined;
  }
  const lineOf = linesOf(Buffer.from(text));
  return statements.map(({ stmt, stmt_location = 0 }) => {
    const node = stmt as Record<string, unknown>;
    return {
      line: lineOf(stmt_location),
      // SAVEPOINT and its like are transaction statements, too: what they keep is hard to tell.
      endsTransaction: "TransactionStmt" in node,
      onlyAdds: "InsertStmt" in node && onlyAdds(node.InsertStmt as InsertStmt),
    };
  });
}

function onlyAdds(insert: InsertStmt): boolean {
  // A WITH may hide a DELETE, at any depth.
  return insert.onConflictClause?.action === "ONCONFLICT_NOTHING" && changesInside("InsertStmt", insert).length === 0;
}
