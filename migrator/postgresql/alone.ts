import { isOn } from "./names.ts";
import type { SqlStatement } from "./statements.ts";

type Fields = Record<string, unknown>;

/** Whether PostgreSQL refuses a statement inside a transaction. */
export function runsAlone(statement: SqlStatement): boolean {
  const [[kind, value] = ["", {}]] = Object.entries(statement.node);
  const fields = value as Fields;
  if (kind === "VacuumStmt") return fields["is_vacuumcmd"] === true;
  if (kind === "ClusterStmt") return fields["relation"] === undefined;
  if (kind === "ReindexStmt" && !/^REINDEX_OBJECT_(INDEX|TABLE)$/.test(fields["kind"] as string)) return true;
  return isConcurrent(statement);
}

/**
 * Whether a statement of a file without a transaction runs outside one: what has to, and what has to where its table is
 * partitioned, which its text does not tell. The latter ends in the same state when it runs again.
 */
export function runsOutside(statement: SqlStatement): boolean {
  return runsAlone(statement) || "ReindexStmt" in statement.node || "ClusterStmt" in statement.node;
}

/** Whether a statement that runs alone lets others work on, and waits for them. */
export function isConcurrent({ node }: SqlStatement): boolean {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "IndexStmt" || kind === "DropStmt") return fields["concurrent"] === true;
  if (kind === "AlterTableStmt") return detachedBy(fields) !== undefined;
  return kind === "ReindexStmt" && isOn(fields["params"], "concurrently");
}

/** The partition that a statement detaches concurrently. */
export function detachedBy(fields: Fields): { schemaname?: string; relname: string } | undefined {
  for (const { AlterTableCmd } of (fields["cmds"] ?? []) as { AlterTableCmd: Fields }[]) {
    const { name, concurrent } = ((AlterTableCmd["def"] as Fields | undefined)?.["PartitionCmd"] ?? {}) as Fields;
    if (concurrent === true) return name as { relname: string };
  }
  return undefined;
}
