/** A part of PostgreSQL's syntax tree. Its shape is the parser's, and differs from one kind of statement to the next. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Tree = any;

/** Stands where a block puts a name that only its run knows. */
export const computed = "computed_at_run_time";

/** `trades`, `audit.trades`; `public` is where everything is, and goes without saying. */
export function tableName(range: Tree): string {
  return dotted([range?.schemaname, range?.relname]);
}

/** The name in a list of strings, as the parser has names with dots. */
export function nameIn(list: Tree): string {
  return dotted((list ?? []).map((part: Tree) => part?.String?.sval));
}

export function namesIn(list: Tree): string[] {
  return (list ?? []).map((part: Tree) => part?.String?.sval ?? part?.IndexElem?.name ?? "an expression");
}

function dotted(parts: (string | undefined)[]): string {
  const known = parts.filter((part) => part !== undefined && part !== "");
  return (known[0] === "public" && known.length > 1 ? known.slice(1) : known).join(".");
}

/** What a DROP, COMMENT or ALTER names, whatever kind of thing it is: a table, a function with its types, a schema. */
export function objectName(object: Tree): string {
  if (object?.List)
    return dotted(object.List.items.map((part: Tree) => part?.String?.sval ?? typeName(part?.TypeName)));
  if (object?.String) return object.String.sval;
  if (object?.TypeName) return typeName(object.TypeName);
  if (object?.RangeVar) return tableName(object.RangeVar);
  if (object?.ObjectWithArgs) {
    const { objname, objargs = [] } = object.ObjectWithArgs;
    return `${nameIn(objname)}(${objargs.map((type: Tree) => typeName(type.TypeName)).join(", ")})`;
  }
  return "(unnamed)";
}

/** `OBJECT_MATVIEW` in words. */
export function thing(objtype: string): string {
  const word = objtype
    .replace(/^OBJECT_/, "")
    .replace(/_/g, " ")
    .toLowerCase();
  const others: Record<string, string> = {
    matview: "materialized view",
    tabconstraint: "constraint",
    domconstraint: "constraint of domain",
    "statistic ext": "statistics",
  };
  return others[word] ?? word;
}

/** Names of the standard where the parser has PostgreSQL's own. */
const standard: Record<string, string> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  bpchar: "char",
  timestamptz: "timestamptz",
};

/** `numeric(20,8)`, `text[]`. */
export function typeName(type: Tree): string {
  const parts = namesIn(type?.names).filter((part) => part !== "pg_catalog");
  const name = standard[parts.join(".")] ?? dotted(parts);
  const modifiers = (type?.typmods ?? []).map(
    (modifier: Tree) => modifier?.A_Const?.ival?.ival ?? modifier?.A_Const?.sval?.sval ?? "?",
  );
  const size = name === "interval" || modifiers.length === 0 ? "" : `(${modifiers.join(",")})`;
  return `${type?.setof ? "setof " : ""}${name}${size}${"[]".repeat(type?.arrayBounds?.length ?? 0)}`;
}

export function roleName(role: Tree): string {
  const { roletype, rolename } = role?.RoleSpec ?? role ?? {};
  if (rolename !== undefined) return rolename;
  return roletype === "ROLESPEC_PUBLIC" ? "PUBLIC" : "the current role";
}

/** A text that is written out; undefined for an expression. */
export function constant(value: Tree): string | undefined {
  return value?.A_Const?.sval?.sval;
}

/** Whether an option in parentheses is on: `FULL` and `FULL true`, not `FULL off`. Of several PostgreSQL takes the last. */
export function isOn(options: Tree, name: string): boolean {
  const option = (options ?? []).findLast(({ DefElem }: Tree) => DefElem?.defname === name)?.DefElem;
  const { String: word, Integer: number } = option?.arg ?? {};
  return option !== undefined && !/^(false|off|0)$/i.test(word?.sval ?? (number && String(number.ival ?? 0)));
}

/** What a RENAME, an OWNER TO or a SET SCHEMA is about: a relation, or any other thing. */
export function subjectName({ relation, object }: Tree): string {
  return relation ? tableName(relation) : objectName(object);
}

/** Whether a condition chooses among rows: one without a column is true of all or of none. */
export function choosesRows(condition: Tree): boolean {
  return nodesIn(condition, ["ColumnRef", "CurrentOfExpr"]).length > 0;
}

/**
 * Statements that change rows inside another: in a WITH, after EXPLAIN ANALYZE or PREPARE. What a function or a rule does comes
 * later, and EXPLAIN alone does nothing.
 */
export function changesInside(kind: string, tree: Tree): [string, Tree][] {
  if (kind === "CreateFunctionStmt" || kind === "RuleStmt") return [];
  if (kind === "ExplainStmt" && !isOn(tree.options, "analyze")) return [];
  return nodesIn(tree, ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);
}

/** The kind of statement that a node is, such as `CreateStmt`. */
export function kindOf(node: Tree): string {
  return Object.keys(node)[0] ?? "";
}

/** The nodes of some kinds inside a tree, at any depth. */
export function nodesIn(tree: Tree, kinds: readonly string[], found: [string, Tree][] = []): [string, Tree][] {
  if (typeof tree !== "object" || tree === null) return found;
  for (const [kind, value] of Object.entries(tree)) {
    if (kinds.includes(kind)) found.push([kind, value]);
    nodesIn(value, kinds, found);
  }
  return found;
}
