import { constant, nameIn, namesIn, nodesIn, objectName, subjectName, tableName, type Tree } from "./names.ts";

/** What is known of tables from the pending files alone. */
export interface Tables {
  /**
   * Those that they make and that have no rows yet, so that nothing that is said of rows holds. Each has beside it the table
   * that it is a part of, or itself: a row of one may be a row of the other.
   */
  empty: Map<string, string>;
  /**
   * Those that the file at hand makes as one transaction, as it may spell them: nobody else sees them before its end, and
   * their rows come from it. A temporary one is not the one of its name in `public`.
   */
  own: Set<string>;
  /** Those a constraint of which they validate: this is taken for the one that spares the next statement its look at the rows. */
  checked: Set<string>;
  /** Types, domains and sequences that they make: nothing that runs now uses these. */
  made: Set<string>;
}

export const nothingKnown = (): Tables => ({ empty: new Map(), own: new Set(), checked: new Set(), made: new Set() });

/** Whether nothing can be lost with a table, and nobody waits for it: it has no rows, or it is the file's own. */
export function isNew(table: Tree, { empty, own }: Tables): boolean {
  const name = spelled(table);
  return empty.has(name.replace(/^public\./, "")) || own.has(name);
}

function spelled(table: Tree): string {
  const { schemaname, relname } = table?.RangeVar ?? table ?? {};
  const parts = table?.List ? table.List.items.map(({ String }: Tree) => String?.sval) : [schemaname, relname];
  return parts.filter(Boolean).join(".");
}

/** Whether names without a schema may mean other tables after a statement. */
export function movesNames(node: Tree): boolean {
  const { VariableSetStmt } = node;
  if (VariableSetStmt)
    return VariableSetStmt.name === "search_path" && !(VariableSetStmt.args ?? []).every(isUsualPath);
  return nodesIn(node, ["FuncCall"]).some(
    ([, { funcname, args: [name, path] = [] }]) =>
      namesIn(funcname).at(-1) === "set_config" &&
      /^search_path$/i.test(constant(name) ?? "search_path") &&
      !isUsualPath(path),
  );
}

/** Without a schema a name is one of `public` then, or none. */
function isUsualPath(path: Tree): boolean {
  const schemas = (constant(path) ?? "another").split(",");
  return schemas.every((schema) => ["", '""', "public", "pg_catalog"].includes(schema.trim()));
}

/** Takes in what a statement does to them. */
export function follow(tables: Tables, node: Tree): void {
  const { empty, checked } = tables;
  const { CreateStmt, DropStmt, RenameStmt, AlterTableStmt } = node;
  followOwn(tables, node);
  followMade(tables, node);
  if (AlterTableStmt?.cmds.some(({ AlterTableCmd }: Tree) => AlterTableCmd.subtype === "AT_ValidateConstraint"))
    checked.add(tableName(AlterTableStmt.relation));
  if ((DropStmt?.removeType ?? RenameStmt?.renameType) === "OBJECT_SCHEMA") empty.clear();
  for (const part of changed(node).filter((table) => empty.has(table))) {
    const whole = DropStmt ? part : empty.get(part);
    for (const [table, of] of empty) if (table === part || of === whole) empty.delete(table);
  }
  // Where it is made IF NOT EXISTS it may be there, with its rows; a temporary one hides another of its name.
  if (!CreateStmt || CreateStmt.relation.relpersistence === "t") return;
  const table = tableName(CreateStmt.relation);
  const parent = CreateStmt.inhRelations && tableName(CreateStmt.inhRelations[0].RangeVar);
  const whole = parent === undefined ? table : empty.get(parent);
  if (CreateStmt.if_not_exists) {
    // Its rows, which it may have, are rows of its whole.
    if (parent !== undefined) for (const [part, of] of empty) if (of === whole) empty.delete(part);
    return;
  }
  // Services write into a new partition of a table that they know.
  if (whole !== undefined) empty.set(table, whole);
}

/** Where there is doubt which table a name means, it is not the file's own. */
function followOwn(tables: Tables, node: Tree): void {
  const { own } = tables;
  const { CreateStmt, CreateTableAsStmt, SelectStmt, DropStmt, RenameStmt, AlterObjectSchemaStmt, AlterTableStmt } =
    node;
  const isSchema = (DropStmt?.removeType ?? RenameStmt?.renameType) === "OBJECT_SCHEMA";
  const joins = (AlterTableStmt?.cmds ?? []).some(({ AlterTableCmd: { subtype, def } }: Tree) => {
    if (subtype === "AT_AddInherit") return !isNew(AlterTableStmt.relation, tables);
    return subtype === "AT_AttachPartition" && !isNew(def.PartitionCmd.name, tables);
  });
  // Rows of another are rows of one of them then.
  if (isSchema || joins) own.clear();
  if (DropStmt || RenameStmt || AlterObjectSchemaStmt) {
    const gone = changed(node).map(lastPart);
    for (const name of own) if (gone.includes(lastPart(name))) own.delete(name);
  }
  const into = CreateTableAsStmt?.into ?? (SelectStmt && nodesIn(SelectStmt, ["intoClause"])[0]?.[1]);
  const made = CreateStmt?.relation ?? into?.rel;
  if (!made || (CreateStmt ?? CreateTableAsStmt)?.if_not_exists) return;
  own.add(made.relpersistence === "t" ? made.relname : tableName(made));
  if (made.relpersistence !== "t" && !tableName(made).includes(".")) own.add(`public.${made.relname}`);
}

function followMade({ made }: Tables, node: Tree): void {
  const { CreateEnumStmt, CreateRangeStmt, CreateDomainStmt, CompositeTypeStmt, CreateSeqStmt } = node;
  const { DropStmt, RenameStmt, AlterObjectSchemaStmt } = node;
  const moved = RenameStmt ?? AlterObjectSchemaStmt;
  if ((DropStmt?.removeType ?? RenameStmt?.renameType) === "OBJECT_SCHEMA") made.clear();
  for (const name of DropStmt?.objects.map(objectName) ?? (moved ? [subjectName(moved)] : [])) made.delete(name);
  const type = CreateEnumStmt?.typeName ?? CreateRangeStmt?.typeName ?? CreateDomainStmt?.domainname;
  const sequence =
    CreateSeqStmt?.if_not_exists || CreateSeqStmt?.sequence.relpersistence === "t"
      ? undefined
      : CreateSeqStmt?.sequence;
  if (type) made.add(nameIn(type));
  else if (CompositeTypeStmt ?? sequence) made.add(tableName(CompositeTypeStmt?.typevar ?? sequence));
}

const lastPart = (name: string): string => name.replace(/^.*\./, "");

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
    /^OBJECT_(TABLE|MATVIEW)$/.test(RenameStmt?.renameType) && RenameStmt.relation,
    AlterObjectSchemaStmt?.relation,
  ].flatMap((range) => (range ? [tableName(range)] : []));
}
