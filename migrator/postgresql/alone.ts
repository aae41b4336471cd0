import type { SqlStatement } from "./statements.ts";

type Fields = Record<string, unknown>;

/** Whether PostgreSQL refuses a statement inside a transaction. */
export function runsAlone({ node }: SqlStatement): boolean {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "IndexStmt" || kind === "DropStmt") return fields["concurrent"] === true;
  if (kind === "ReindexStmt")
    return (
      mentions(fields["params"], "concurrently") ||
      !mentions(fields["kind"], "REINDEX_OBJECT_INDEX", "REINDEX_OBJECT_TABLE")
    );
  if (kind === "AlterTableStmt") return detachedBy(fields) !== undefined;
  return kind === "VacuumStmt"
    ? fields["is_vacuumcmd"] === true
    : kind === "ClusterStmt" && fields["relation"] === undefined;
}

/** The partition that a statement detaches concurrently. */
export function detachedBy(fields: Fields): { schemaname?: string; relname: string } | undefined {
  for (const { AlterTableCmd } of (fields["cmds"] ?? []) as { AlterTableCmd: Fields }[]) {
    const { name, concurrent } = ((AlterTableCmd["def"] as Fields | undefined)?.["PartitionCmd"] ?? {}) as Fields;
    if (concurrent === true) return name as { relname: string };
  }
  return undefined;
}

function mentions(value: unknown, ...words: string[]): boolean {
  const text = JSON.stringify(value) ?? "";
  return words.some((word) => text.includes(word));
}
