import { counted, listed } from "../errors.ts";
import { altersTable, createsTable, addsConstraint, optionWords, valueWords } from "./describeTable.ts";
import { defaultPrivileges, memberships, privileges } from "./describePrivileges.ts";
import { altersPublication, createsPublication } from "./describePublications.ts";
import {
  changesInside,
  choosesRows,
  isOn,
  nameIn,
  nodesIn,
  namesIn,
  objectName,
  roleName,
  subjectName,
  tableName,
  thing,
  typeName,
  type Tree,
} from "./names.ts";
import type { SqlStatement } from "./statements.ts";

/** What a statement does, in words: `adds column note (text) to trades`. What is not understood is said so, with the statement. */
export function describeSql(statement: SqlStatement): string {
  const inside = (statement.inside ?? []).map((node) => (node ? understood(node) : undefined));
  const words = [...new Set(inside)].map((word) => word ?? "what is not understood here");
  if (statement.inside && "DoStmt" in statement.node && words.length > 0)
    return `runs an anonymous code block: ${words.join(", ")}`;
  return understood(statement.node) || `is not understood here: ${statement.text.replace(/\s+/g, " ").slice(0, 100)}`;
}

/** What a statement does, and what others inside it do; undefined or empty for one that is not known. */
export function understood(node: Tree): string | undefined {
  const [kind = "", tree] = Object.entries(node ?? {})[0] ?? [];
  try {
    const words = describers[kind]?.(tree);
    return words && [words, ...changesInside(kind, tree).map(([kind, tree]) => describers[kind]!(tree))].join(", ");
  } catch {
    // A shape that this parser's version has and we don't know.
    return undefined;
  }
}

/** As `describeSql` for a whole file; comments on several columns of one table in a row are one line. */
export function describeScript(statements: readonly SqlStatement[]): { place: string; words: string }[] {
  const lines: { place: string; words: string; table?: string | undefined; columns: number }[] = [];
  for (const statement of statements) {
    const table = commentedTable(statement.node);
    const last = lines.at(-1);
    if (table !== undefined && last?.table === table) {
      last.columns += 1;
      last.words = `comments on ${last.columns} columns of ${table}`;
      continue;
    }
    lines.push({ place: `line ${statement.line}`, words: describeSql(statement), table, columns: 1 });
  }
  return lines.map(({ place, words }) => ({ place, words }));
}

function commentedTable(node: Tree): string | undefined {
  const { objtype, object } = node?.CommentStmt ?? {};
  return objtype === "OBJECT_COLUMN" ? objectName(object).replace(/\.[^.]*$/, "") : undefined;
}

const onTable = new Set(["OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE", "OBJECT_TABCONSTRAINT"]);

/** `trigger guard of trades`; what stands on a table has the table's name first. */
function namedThing(objtype: string, object: Tree): string {
  const name = objectName(object);
  if (!onTable.has(objtype) && objtype !== "OBJECT_COLUMN") return `${thing(objtype)} ${name}`;
  const [table, own] = [name.replace(/\.[^.]*$/, ""), name.replace(/^.*\./, "")];
  return objtype === "OBJECT_COLUMN" ? `column ${name}` : `${thing(objtype)} ${own} of ${table}`;
}

function where(tree: Tree, table: string, verb: string): string {
  return choosesRows(tree.whereClause) ? `${verb} rows of ${table}` : `${verb} all rows of ${table}`;
}

function index({ unique, idxname, relation, indexParams, concurrent, whereClause, accessMethod }: Tree): string {
  const method = accessMethod && accessMethod !== "btree" ? ` by ${accessMethod}` : "";
  return (
    `creates ${unique ? "unique " : ""}index ${idxname ? `${idxname} ` : ""}on ${tableName(relation)} ` +
    `(${namesIn(indexParams).join(", ")})${method}${whereClause ? " for some rows" : ""}${concurrent ? " concurrently" : ""}`
  );
}

function drops({ removeType, objects, behavior, missing_ok, concurrent }: Tree): string {
  const names = objects.map((object: Tree) => namedThing(removeType, object));
  const exists = missing_ok ? " if there" : "";
  const cascade = behavior === "DROP_CASCADE" ? " and what depends on it" : "";
  return `drops ${listed(names)}${exists}${cascade}${concurrent ? " concurrently" : ""}`;
}

function renames({ renameType, relation, object, subname, newname }: Tree): string {
  if (renameType === "OBJECT_COLUMN") return `renames column ${subname} of ${tableName(relation)} to ${newname}`;
  const of = subname && (relation ?? object) ? ` of ${subjectName({ relation, object })}` : "";
  return `renames ${thing(renameType)} ${subname ?? subjectName({ relation, object })}${of} to ${newname}`;
}

function sets({ kind, name, args }: Tree): string {
  if (kind === "VAR_RESET_ALL") return "resets all settings";
  if (kind === "VAR_RESET" || kind === "VAR_SET_DEFAULT") return `resets ${name}`;
  if (kind === "VAR_SET_MULTI") return `sets ${name.toLowerCase()}`;
  return `sets ${name} to ${(args ?? []).map(valueWords).join(", ")}`;
}

function routine({ is_procedure, funcname, parameters = [], returnType, replace }: Tree): string {
  const inputs = parameters.filter(
    ({ FunctionParameter: { mode } }: Tree) => !/OUT$|TABLE$/.test(mode) || /INOUT$/.test(mode),
  );
  const types = inputs.map(({ FunctionParameter }: Tree) => typeName(FunctionParameter.argType)).join(", ");
  const returns = returnType ? ` returning ${typeName(returnType)}` : "";
  return `${replace ? "creates or replaces" : "creates"} ${is_procedure ? "procedure" : "function"} ${nameIn(funcname)}(${types})${returns}`;
}

const domainChanges: Record<string, (tree: Tree, name: string) => string> = {
  T: (tree, name) =>
    tree.def ? `sets the default of domain ${name} to ${valueWords(tree.def)}` : `drops the default of domain ${name}`,
  N: (_, name) => `allows nulls in domain ${name}`,
  O: (_, name) => `forbids nulls in domain ${name}`,
  C: (tree, name) => addsConstraint(tree.def.Constraint, `domain ${name}`),
  X: (tree, name) => `drops constraint ${tree.name} of domain ${name}`,
  V: (tree, name) => `validates constraint ${tree.name} of domain ${name}`,
};

const describers: Record<string, (tree: Tree) => string | undefined> = {
  CreateStmt: createsTable,
  AlterTableStmt: altersTable,
  IndexStmt: index,
  DropStmt: drops,
  RenameStmt: renames,
  ViewStmt: ({ view, replace }) => `${replace ? "creates or replaces" : "creates"} view ${tableName(view)}`,
  CreateTableAsStmt: ({ into, objtype }) => `creates ${thing(objtype)} ${tableName(into.rel)} from a query`,
  RefreshMatViewStmt: ({ relation, concurrent }) =>
    `refreshes materialized view ${tableName(relation)}${concurrent ? " concurrently" : ""}`,
  CreateFunctionStmt: routine,
  AlterFunctionStmt: ({ func }) => `alters function ${objectName({ ObjectWithArgs: func })}`,
  DoStmt: () => "runs an anonymous code block",
  CallStmt: ({ funccall }) => `calls procedure ${nameIn(funccall.funcname)}`,
  CreateTrigStmt: ({ trigname, relation, funcname, replace }) =>
    `${replace ? "creates or replaces" : "creates"} trigger ${trigname} on ${tableName(relation)} that runs ${nameIn(funcname)}`,
  RuleStmt: ({ rulename, relation }) => `creates rule ${rulename} on ${tableName(relation)}`,
  CreatePolicyStmt: ({ policy_name, table, cmd_name }) =>
    `creates policy ${policy_name} on ${tableName(table)} for ${cmd_name}`,
  AlterPolicyStmt: ({ policy_name, table }) => `alters policy ${policy_name} on ${tableName(table)}`,
  CreateDomainStmt: ({ domainname, typeName: type }) => `creates domain ${nameIn(domainname)} as ${typeName(type)}`,
  AlterDomainStmt: (tree) => domainChanges[tree.subtype]?.(tree, nameIn(tree.typeName)),
  CreateEnumStmt: ({ typeName: name, vals }) =>
    `creates enum ${nameIn(name)} with ${counted(vals?.length ?? 0, "value")}`,
  AlterEnumStmt: ({ typeName: name, newVal, oldVal }) =>
    oldVal
      ? `renames value '${oldVal}' of enum ${nameIn(name)} to '${newVal}'`
      : `adds value '${newVal}' to enum ${nameIn(name)}`,
  CompositeTypeStmt: ({ typevar, coldeflist }) =>
    `creates type ${tableName(typevar)} with ${counted(coldeflist?.length ?? 0, "field")}`,
  CreateRangeStmt: ({ typeName: name }) => `creates range type ${nameIn(name)}`,
  DefineStmt: ({ kind, defnames }) => `creates ${thing(kind)} ${nameIn(defnames)}`,
  CreateSeqStmt: ({ sequence }) => `creates sequence ${tableName(sequence)}`,
  AlterSeqStmt: ({ sequence, options }) => `sets ${optionWords(options)} of sequence ${tableName(sequence)}`,
  CreateSchemaStmt: ({ schemaname, schemaElts = [] }) =>
    [`creates schema ${schemaname}`, ...schemaElts.map(understood)].join(", "),
  CreateExtensionStmt: ({ extname }) => `creates extension ${extname}`,
  AlterExtensionStmt: ({ extname }) => `updates extension ${extname}`,
  CreateStatsStmt: ({ defnames, relations }) =>
    `creates statistics ${nameIn(defnames)} on ${listed((relations ?? []).map(objectName))}`,
  CreatePublicationStmt: createsPublication,
  AlterPublicationStmt: altersPublication,
  CommentStmt: ({ objtype, object, comment }) =>
    `${comment === undefined ? "removes the comment" : "comments"} on ${namedThing(objtype, object)}`,
  GrantStmt: privileges,
  GrantRoleStmt: memberships,
  AlterDefaultPrivilegesStmt: defaultPrivileges,
  AlterOwnerStmt: ({ objectType, relation, object, newowner }) =>
    `gives ${thing(objectType)} ${subjectName({ relation, object })} to ${roleName(newowner)}`,
  AlterObjectSchemaStmt: ({ objectType, relation, object, newschema }) =>
    `moves ${thing(objectType)} ${subjectName({ relation, object })} to schema ${newschema}`,
  InsertStmt: ({ relation }) => `inserts rows into ${tableName(relation)}`,
  UpdateStmt: (tree) => where(tree, tableName(tree.relation), "updates"),
  DeleteStmt: (tree) => where(tree, tableName(tree.relation), "deletes"),
  MergeStmt: ({ relation }) => `merges rows into ${tableName(relation)}`,
  SelectStmt: (tree) => {
    const [[, into] = []] = nodesIn(tree, ["intoClause"]);
    return into ? `creates table ${tableName(into.rel)} from a query` : "runs a query";
  },
  ExplainStmt: () => "explains a statement",
  PrepareStmt: ({ name }) => `prepares statement ${name}`,
  ExecuteStmt: ({ name }) => `executes statement ${name}`,
  DeallocateStmt: ({ name }) =>
    `forgets ${name === undefined ? "all prepared statements" : `prepared statement ${name}`}`,
  AlterRoleSetStmt: ({ role, database, setstmt }) =>
    `${sets(setstmt)} for ${role ? `role ${roleName(role)}` : "all roles"}${database ? ` in database ${database}` : ""}`,
  AlterDatabaseSetStmt: ({ dbname, setstmt }) => `${sets(setstmt)} for database ${dbname}`,
  DropOwnedStmt: ({ roles, behavior }) =>
    `drops all that ${listed(roles.map(roleName))} owns${behavior === "DROP_CASCADE" ? " and what depends on it" : ""}`,
  ReassignOwnedStmt: ({ roles, newrole }) =>
    `gives all that ${listed(roles.map(roleName))} owns to ${roleName(newrole)}`,
  TruncateStmt: ({ relations, behavior }) =>
    `empties ${listed(relations.map(objectName))}${behavior === "DROP_CASCADE" ? " and what refers to it" : ""}`,
  LockStmt: ({ relations }) => `locks ${listed(relations.map(objectName))}`,
  VariableSetStmt: sets,
  VacuumStmt: ({ is_vacuumcmd, rels = [], options }) => {
    const full = isOn(options, "full") ? " in full" : "";
    const tables = listed(rels.map(({ VacuumRelation }: Tree) => tableName(VacuumRelation.relation))) || "all tables";
    return `${is_vacuumcmd ? "vacuums" : "analyses"} ${tables}${full}`;
  },
  ReindexStmt: ({ relation, name, params }) =>
    `builds ${relation ? tableName(relation) : `all indexes of ${name}`} anew${isOn(params, "concurrently") ? " concurrently" : ""}`,
  ClusterStmt: ({ relation, indexname }) =>
    `clusters ${relation ? tableName(relation) : "all tables"}${indexname ? ` by index ${indexname}` : ""}`,
  ConstraintsSetStmt: ({ deferred }) => `makes constraints ${deferred ? "deferred" : "immediate"}`,
  NotifyStmt: ({ conditionname }) => `notifies ${conditionname}`,
};
