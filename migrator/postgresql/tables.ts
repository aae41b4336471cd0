import { nodesIn, objectName, tableName, type Tree } from "./names.ts";
import type { SqlStatement } from "./statements.ts";

/** What is known of tables from the pending files alone. */
export interface Tables {
  /**
   * Those that they make and that have no rows yet, so that nothing that is said of rows holds. Each has beside it the table
   * that it is a part of, or itself: a row of one may be a row of the other.
   */
  empty: Map<string, string>;
  /** Those a constraint of which they validate: this is taken for the one that spares the next statement its look at the rows. */
  checked: Set<string>;
}

/** Whether names without a schema may mean other tables after a statement. */
export function movesNames({ node, text }: SqlStatement): boolean {
  const { VariableSetStmt } = node as Tree;
  return VariableSetStmt?.name === "search_path" || ("SelectStmt" in node && /search_path/i.test(text));
}

/** Takes in what a statement does to them. */
export function follow({ empty, checked }: Tables, node: Tree): void {
  const { CreateStmt, DropStmt, RenameStmt, AlterTableStmt } = node;
  if (AlterTableStmt?.cmds.some(({ AlterTableCmd }: Tree) => AlterTableCmd.subtype === "AT_ValidateConstraint"))
    checked.add(tableName(AlterTableStmt.relation));
  if ((DropStmt?.removeType ?? RenameStmt?.renameType) === "OBJECT_SCHEMA") empty.clear();
  for (const part of changed(node).filter((table) => empty.has(table))) {
    const whole = DropStmt ? part : empty.get(part);
    for (const [table, of] of empty) if (table === part || of === whole) empty.delete(table);
  }
  // Where it is made IF NOT EXISTS it may be there, with its rows; a temporary one hides another of its name.
  if (!CreateStmt || CreateStmt.if_not_exists || CreateStmt.relation.relpersistence === "t") return;
  const table = tableName(CreateStmt.relation);
  const parent = CreateStmt.inhRelations && tableName(CreateStmt.inhRelations[0].RangeVar);
  const whole = parent === undefined ? table : empty.get(parent);
  // Services write into a new partition of a table that they know.
  if (whole !== undefined) empty.set(table, whole);
}

/** Tables that a statement may put rows into, and names that mean something else after it. */
function changed(node: Tree): string[] {
  const { CreateStmt, DropStmt, RenameStmt, AlterObjectSchemaStmt, AlterTableStmt } = node;
  if (DropStmt) return DropStmt.objects.map(objectName);
  const written = nodesIn(node, ["InsertStmt", "MergeStmt", "into", "intoClause"]);
  const joined = (AlterTableStmt?.cmds ?? [])
    .map(({ AlterTableCmd: { def } }: Tree) => def?.PartitionCmd?.name ?? def?.RangeVar)
    .filter(Boolean);
  return [
    ...written.map(([, { relation, rel }]) => relation ?? rel),
    ...(joined.length > 0 ? [AlterTableStmt.relation, ...joined] : []),
    CreateStmt?.relation,
    RenameStmt?.renameType === "OBJECT_TABLE" && RenameStmt.relation,
    AlterObjectSchemaStmt?.relation,
  ].flatMap((range) => (range ? [tableName(range)] : []));
}
