import { listed } from "../errors.ts";
import { nameIn, objectName, tableName, typeName, type Tree } from "./names.ts";
import type { SqlRule } from "./rules.ts";
import type { EmptyTables } from "./tables.ts";

export interface Danger {
  rule: SqlRule;
  severity: "destructive" | "warning";
  message: string;
}

/**
 * What a statement may destroy, lock for long, or fail at.
 * @param empty tables of which it is known that they have no rows yet.
 */
export function dangersOf(node: Tree, empty: EmptyTables): Danger[] {
  const [kind = "", tree] = Object.entries(node ?? {})[0] ?? [];
  return checks[kind]?.(tree, empty) ?? [];
}

const destructive = (rule: SqlRule, message: string): Danger => ({ rule, severity: "destructive", message });
const warning = (rule: SqlRule, message: string): Danger => ({ rule, severity: "warning", message });

const checks: Record<string, (tree: Tree, empty: EmptyTables) => Danger[]> = {
  DropStmt: dropDangers,
  AlterTableStmt: alterDangers,
  IndexStmt: ({ relation, concurrent, idxname }, empty) =>
    concurrent || empty.has(tableName(relation))
      ? []
      : [
          warning(
            "index-without-concurrently",
            `Writes to ${tableName(relation)} wait while ${idxname ?? "the index"} is built. Build it CONCURRENTLY, in a file of its ` +
              "own that begins with `-- migrate: no-transaction`; where the table is partitioned, ON ONLY it here, and " +
              "CONCURRENTLY on each partition.",
          ),
        ],
  TruncateStmt: ({ relations, behavior }) => [
    destructive("truncate", `All rows of ${listed(relations.map(objectName))} go: nothing but a backup has them then.`),
    ...cascade(behavior),
  ],
  DeleteStmt: ({ relation, whereClause }, empty) =>
    whereClause || empty.has(tableName(relation))
      ? []
      : [destructive("delete-all", `All rows of ${tableName(relation)} go: nothing but a backup has them then.`)],
  UpdateStmt: ({ relation, whereClause }, empty) =>
    whereClause || empty.has(tableName(relation))
      ? []
      : [
          warning(
            "update-all",
            `Every row of ${tableName(relation)} is written anew, also those that need it not. Say in WHERE which do.`,
          ),
        ],
  RenameStmt: ({ renameType, relation, subname, newname, behavior }, empty) =>
    ["OBJECT_TABLE", "OBJECT_COLUMN", "OBJECT_VIEW"].includes(renameType) && !empty.has(tableName(relation))
      ? [
          destructive(
            "rename",
            `What runs now and uses ${subname ?? tableName(relation)} fails from then on, because it is called ${newname}. Add the new ` +
              "one beside the old, change what uses it, then drop the old one.",
          ),
          ...cascade(behavior),
        ]
      : [],
  VariableSetStmt: timeoutDangers,
  VacuumStmt: ({ options = [], rels = [] }) =>
    options.some(({ DefElem }: Tree) => DefElem.defname === "full")
      ? [rewrite(listed(rels.map(({ VacuumRelation }: Tree) => tableName(VacuumRelation.relation))) || "every table")]
      : [],
  ClusterStmt: ({ relation }) => [rewrite(relation ? tableName(relation) : "every table")],
};

const dropped: Record<string, [SqlRule, "destructive" | "warning", string]> = {
  OBJECT_TABLE: ["drop-table", "destructive", " with all rows: nothing but a backup has them then."],
  OBJECT_SCHEMA: ["drop-schema", "destructive", " with all that is in it."],
  OBJECT_TYPE: ["drop-type", "destructive", ": columns and functions that have it can't be read any more."],
  OBJECT_DOMAIN: ["drop-type", "destructive", ": columns and functions that have it can't be read any more."],
  OBJECT_INDEX: ["drop-index", "warning", ": queries that use it become slow, and what it kept unique may be doubled."],
  OBJECT_VIEW: ["drop-view", "warning", ": queries that use it fail."],
  OBJECT_MATVIEW: ["drop-view", "warning", ": queries that use it fail."],
  OBJECT_FUNCTION: ["drop-function", "warning", ": queries that use it fail."],
  OBJECT_PROCEDURE: ["drop-function", "warning", ": queries that use it fail."],
};

function dropDangers({ removeType, objects, behavior }: Tree, empty: EmptyTables): Danger[] {
  const names: string[] = objects
    .map(objectName)
    .filter((name: string) => removeType !== "OBJECT_TABLE" || !empty.has(name));
  const [rule, severity, what] = dropped[removeType] ?? [];
  if (names.length === 0 || rule === undefined) return names.length > 0 ? cascade(behavior) : [];
  return [
    { rule, severity: severity!, message: `${listed(names)} ${names.length > 1 ? "go" : "goes"}${what}` },
    ...cascade(behavior),
  ];
}

function cascade(behavior: string): Danger[] {
  if (behavior !== "DROP_CASCADE") return [];
  return [
    destructive(
      "cascade",
      "CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself.",
    ),
  ];
}

function rewrite(table: string): Danger {
  return warning("rewrite-table", `${table} is written anew, and nobody can read it meanwhile.`);
}

function alterDangers({ relation, cmds = [], objtype }: Tree, empty: EmptyTables): Danger[] {
  const table = tableName(relation);
  if (objtype !== "OBJECT_TABLE" || empty.has(table)) return [];
  return cmds.flatMap(({ AlterTableCmd: cmd }: Tree) => [
    ...(alterations[cmd.subtype]?.(cmd, table) ?? []),
    ...cascade(cmd.behavior),
  ]);
}

const alterations: Record<string, (cmd: Tree, table: string) => Danger[]> = {
  AT_DropColumn: ({ name }, table) => [
    destructive("drop-column", `Column ${name} of ${table} goes with its values: nothing but a backup has them then.`),
  ],
  AT_AlterColumnType: ({ name, def }, table) => [
    destructive(
      "change-type",
      `The values of ${table}.${name} become ${typeName(def.ColumnDef.typeName)}: what they were is not known here, so they may lose ` +
        "something or fail, and mostly the table is written anew under a lock. Add a column beside it, fill it, and change over.",
    ),
  ],
  AT_AddColumn: ({ def }, table) => addedColumn(def.ColumnDef, table),
  AT_SetNotNull: ({ name }, table) => [
    warning(
      "set-not-null",
      `${table} is read whole under a lock that keeps everybody out. Add CHECK (${name} IS NOT NULL) NOT VALID first, validate it ` +
        "in the next file, then this is quick.",
    ),
  ],
  AT_DropConstraint: ({ name }, table) => [
    warning("drop-constraint", `What constraint ${name} kept out of ${table} may come in from then on.`),
  ],
  AT_AddConstraint: ({ def }, table) => addedConstraint(def.Constraint, table),
};

/** Functions whose result changes from row to row, so that each row has to be written. */
const volatileFunctions = new Set([
  "gen_random_uuid",
  "random",
  "clock_timestamp",
  "timeofday",
  "nextval",
  "uuid_generate_v4",
]);

function addedColumn({ colname, constraints = [], typeName: type }: Tree, table: string): Danger[] {
  const kinds = constraints.map(({ Constraint }: Tree) => Constraint);
  const has = (contype: string) => kinds.find((constraint: Tree) => constraint.contype === contype);
  const value = has("CONSTR_DEFAULT")?.raw_expr;
  const isSerial = /^(small|big)?serial$/.test(nameIn(type?.names));
  const found: Danger[] = [];
  if (
    (has("CONSTR_NOTNULL") || has("CONSTR_PRIMARY")) &&
    !value &&
    !has("CONSTR_IDENTITY") &&
    !has("CONSTR_GENERATED") &&
    !isSerial
  ) {
    found.push(
      destructive(
        "not-null-without-default",
        `It fails where ${table} has rows, because they would have no ${colname}. Give it a DEFAULT, or add it without NOT NULL, fill it, and forbid nulls then.`,
      ),
    );
  }
  if (isSerial || has("CONSTR_IDENTITY") || (value?.FuncCall && volatileFunctions.has(nameIn(value.FuncCall.funcname))))
    found.push(rewrite(table));
  return [...found, ...kinds.flatMap((constraint: Tree) => addedConstraint(constraint, table))];
}

function addedConstraint({ contype, conname, skip_validation, indexname }: Tree, table: string): Danger[] {
  const name = conname ?? "the constraint";
  if ((contype === "CONSTR_FOREIGN" || contype === "CONSTR_CHECK") && !skip_validation) {
    return [
      warning(
        "constraint-without-not-valid",
        `${table} is read whole under a lock to check ${name}. Add it NOT VALID, and VALIDATE it in the next file.`,
      ),
    ];
  }
  if ((contype === "CONSTR_UNIQUE" || contype === "CONSTR_PRIMARY") && !indexname) {
    return [
      warning(
        "unique-constraint",
        `Nobody can use ${table} while the index of ${name} is built, and it fails where there are duplicates. Build a unique index ` +
          "CONCURRENTLY first, and add the constraint USING INDEX.",
      ),
    ];
  }
  return [];
}

function timeoutDangers({ name, kind, args = [] }: Tree): Danger[] {
  if (!/^(lock|statement)_timeout$/i.test(name ?? "") && kind !== "VAR_RESET_ALL") return [];
  const value = args[0]?.A_Const;
  const isOff =
    value && (value.ival ? (value.ival.ival ?? 0) === 0 : /^0+ *(ms|s|min|h|d)?$/.test(value.sval?.sval ?? ""));
  if (kind === "VAR_SET_VALUE" && !isOff) return [];
  const what = kind === "VAR_RESET_ALL" ? "Both timeouts are" : `${name} is`;
  return [
    warning(
      "no-timeout",
      `${what} off from here on, so that it may wait or run without end, and others behind it. Each file begins with ` +
        "lock_timeout 2s and statement_timeout 15min: set what it needs.",
    ),
  ];
}
