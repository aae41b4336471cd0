import { listed } from "../errors.ts";
import { cascade, constraintGone, destructive, rewrite, warning, type Danger } from "./danger.ts";
import { alterDangers } from "./dangersTable.ts";
import { published } from "./describePublications.ts";
import {
  changesInside,
  choosesRows,
  constant,
  isOn,
  nameIn,
  namesIn,
  nodesIn,
  objectName,
  roleName,
  subjectName,
  tableName,
  type Tree,
} from "./names.ts";
import type { SqlRule } from "./rules.ts";
import { isNew, type Tables } from "./tables.ts";

/**
 * What a statement may destroy, lock for long, or fail at.
 * @param tables what is known of them from the statements before.
 */
export function dangersOf(node: Tree, tables: Tables): Danger[] {
  const [kind = "", tree] = Object.entries(node ?? {})[0] ?? [];
  return [[kind, tree] as const, ...changesInside(kind, tree)].flatMap(
    ([kind, tree]) => checks[kind]?.(tree, tables) ?? [],
  );
}

const checks: Record<string, (tree: Tree, tables: Tables) => Danger[]> = {
  DropStmt: dropDangers,
  AlterTableStmt: alterDangers,
  IndexStmt: ({ relation, concurrent, idxname }, tables) =>
    // ON ONLY is for partitioned tables, which have no rows themselves.
    concurrent || !relation.inh || isNew(relation, tables)
      ? []
      : [
          warning(
            "index-without-concurrently",
            `Writes to ${tableName(relation)} wait while ${idxname ?? "the index"} is built. Build it CONCURRENTLY, in a file of its ` +
              "own that begins with `-- migrate: no-transaction`; where the table is partitioned, ON ONLY it here, and " +
              "CONCURRENTLY on each partition.",
          ),
        ],
  TruncateStmt: ({ relations, behavior }, tables) => {
    const names = relations.filter((relation: Tree) => !isNew(relation, tables)).map(objectName);
    const message = `All rows of ${listed(names)} go: nothing but a backup has them then.`;
    return [...(names.length > 0 ? [destructive("truncate", message)] : []), ...cascade(behavior)];
  },
  DeleteStmt: ({ relation, whereClause }, tables) =>
    choosesRows(whereClause) || isNew(relation, tables)
      ? []
      : [destructive("delete-all", `All rows of ${tableName(relation)} go: nothing but a backup has them then.`)],
  MergeStmt: ({ relation, joinCondition, mergeWhenClauses = [] }, tables) =>
    !isNew(relation, tables) &&
    mergeWhenClauses.some(
      ({ MergeWhenClause: { commandType, matchKind, condition } }: Tree) =>
        commandType === "CMD_DELETE" &&
        !choosesRows(condition) &&
        (matchKind === "MERGE_WHEN_NOT_MATCHED_BY_SOURCE" || !choosesRows(joinCondition)),
    )
      ? [
          destructive(
            "delete-all",
            `The rows of ${tableName(relation)} that MERGE comes upon go, which may be all: nothing but a backup has them then.`,
          ),
        ]
      : [],
  UpdateStmt: ({ relation, whereClause }, tables) =>
    choosesRows(whereClause) || isNew(relation, tables)
      ? []
      : [
          warning(
            "update-all",
            `Every row of ${tableName(relation)} is written anew, also those that need it not. Say in WHERE which do.`,
          ),
        ],
  RenameStmt: ({ renameType, relation, object, subname, newname, behavior }, tables) =>
    unusedNames.has(renameType) || isNew(relation, tables)
      ? []
      : [moved(subname ?? subjectName({ relation, object }), `it is called ${newname}`), ...cascade(behavior)],
  AlterObjectSchemaStmt: ({ relation, object, newschema }, tables) =>
    isNew(relation, tables) ? [] : [moved(subjectName({ relation, object }), `it is in schema ${newschema}`)],
  AlterEnumStmt: ({ typeName: type, oldVal, newVal }, { made }) =>
    oldVal === undefined || made.has(nameIn(type)) ? [] : [moved(`'${oldVal}'`, `it is called '${newVal}'`)],
  AlterDomainStmt: ({ subtype, typeName: domain, name, behavior }) =>
    subtype === "X" ? [constraintGone(name, `domain ${nameIn(domain)}`), ...cascade(behavior)] : [],
  AlterPublicationStmt: ({ pubname, pubobjects, action }) => {
    if (action === "AP_DropObjects") return [unpublished(pubname, `of ${published(pubobjects)}`)];
    return action === "AP_SetObjects" ? [unpublished(pubname, `of anything but ${published(pubobjects)}`)] : [];
  },
  DropOwnedStmt: ({ roles, behavior }) => [
    destructive(
      "drop-owned",
      `All that ${listed(roles.map(roleName))} owns here goes, tables with their rows: nothing but a backup has them then.`,
    ),
    ...cascade(behavior),
  ],
  VariableSetStmt: timeoutDangers,
  SelectStmt: (tree) =>
    nodesIn(tree, ["FuncCall"])
      .filter(([, { funcname }]) => namesIn(funcname).at(-1) === "set_config")
      .flatMap(([, { args: [name, ...values] = [] }]) =>
        timeoutDangers({ name: constant(name), kind: "VAR_SET_VALUE", args: values }),
      ),
  VacuumStmt: ({ options = [], rels = [] }) =>
    isOn(options, "full")
      ? [rewrite(listed(rels.map(({ VacuumRelation }: Tree) => tableName(VacuumRelation.relation))) || "every table")]
      : [],
  RefreshMatViewStmt: ({ relation, concurrent }, tables) =>
    concurrent || isNew(relation, tables) ? [] : [rewrite(tableName(relation))],
  ReindexStmt: ({ relation, name = "the database", params }, tables) =>
    isOn(params, "concurrently") || isNew(relation, tables)
      ? []
      : [
          warning(
            "index-without-concurrently",
            `Writes wait while ${relation ? tableName(relation) : `each index of ${name}`} is built anew, and so do queries that would use it. ` +
              "Say CONCURRENTLY, in a file of its own that begins with `-- migrate: no-transaction`.",
          ),
        ],
  ClusterStmt: ({ relation }, tables) =>
    isNew(relation, tables) ? [] : [rewrite(relation ? tableName(relation) : "every table")],
};

/** Kinds of things that no query names. */
const unusedNames = new Set([
  "OBJECT_INDEX",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_DOMCONSTRAINT",
  "OBJECT_TRIGGER",
  "OBJECT_EVENT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
  "OBJECT_STATISTIC_EXT",
]);

function moved(what: string, why: string): Danger {
  return destructive(
    "rename",
    `What runs now and uses ${what} fails from then on, because ${why}. Add the new one beside the old, change what uses it, ` +
      "then drop the old one.",
  );
}

function unpublished(publication: string, what: string): Danger {
  return warning("drop-object", `Subscribers of ${publication} no longer hear ${what}.`);
}

const useFails = ": queries that use it fail.";
const noGuard = ": what it saw to no longer happens.";

const dropped: Record<string, [SqlRule, "destructive" | "warning", string]> = {
  OBJECT_TABLE: ["drop-table", "destructive", " with all rows: nothing but a backup has them then."],
  OBJECT_SCHEMA: ["drop-schema", "destructive", " with all that is in it."],
  OBJECT_TYPE: ["drop-type", "destructive", ": columns and functions that have it can't be read any more."],
  OBJECT_DOMAIN: ["drop-type", "destructive", ": columns and functions that have it can't be read any more."],
  OBJECT_SEQUENCE: ["drop-object", "destructive", " with the number that it had come to."],
  OBJECT_EXTENSION: ["drop-object", "destructive", " with its types and functions: queries that use them fail."],
  OBJECT_PUBLICATION: ["drop-object", "warning", ": no subscriber hears of anything from then on."],
  OBJECT_INDEX: ["drop-index", "warning", ": queries that use it become slow, and what it kept unique may be doubled."],
  OBJECT_VIEW: ["drop-view", "warning", useFails],
  OBJECT_MATVIEW: ["drop-view", "warning", useFails],
  OBJECT_FOREIGN_TABLE: ["drop-view", "warning", useFails],
  OBJECT_FUNCTION: ["drop-function", "warning", useFails],
  OBJECT_PROCEDURE: ["drop-function", "warning", useFails],
  OBJECT_AGGREGATE: ["drop-function", "warning", useFails],
  OBJECT_ROUTINE: ["drop-function", "warning", useFails],
  OBJECT_TRIGGER: ["drop-guard", "warning", noGuard],
  OBJECT_POLICY: ["drop-guard", "warning", noGuard],
  OBJECT_RULE: ["drop-guard", "warning", noGuard],
};

/** Kinds of things that are known where pending files make them. */
const madeBefore = new Set(["OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_SEQUENCE"]);

function dropDangers({ removeType, objects, behavior }: Tree, tables: Tables): Danger[] {
  const isTable = removeType === "OBJECT_TABLE" || removeType === "OBJECT_MATVIEW";
  const isUsed = (object: Tree) => {
    if (isTable) return !isNew(object, tables);
    return !madeBefore.has(removeType) || !tables.made.has(objectName(object));
  };
  const names: string[] = objects.filter(isUsed).map(objectName);
  if (names.length === 0) return isTable ? [] : cascade(behavior);
  const [rule, severity, what] = dropped[removeType] ?? ["drop-object", "warning", useFails];
  return [
    { rule, severity, message: `${listed(names)} ${names.length > 1 ? "go" : "goes"}${what}` },
    ...cascade(behavior),
  ];
}

const milliseconds: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

function timeoutDangers({ name, kind, args = [] }: Tree): Danger[] {
  if (!/^(lock|statement)_timeout$/i.test(name) || kind !== "VAR_SET_VALUE") return [];
  const { ival, fval, sval } = args[0]?.A_Const ?? {};
  const value = ival ? String(ival.ival ?? 0) : (fval?.fval ?? sval?.sval);
  if (value === undefined) return [];
  const [, amount, unit = "ms"] = /^ *([\d.]+) *([a-z]*) *$/.exec(value) ?? [];
  const time = Number(amount) * (milliseconds[unit || "ms"] ?? NaN);
  if (time < 1) {
    return [
      warning(
        "no-timeout",
        `${name} is off from here on, so that it may wait or run without end, and others behind it. Each file begins with ` +
          "lock_timeout 2s and statement_timeout 15min: set what it needs.",
      ),
    ];
  }
  if (time <= 10_000 || !/^lock/i.test(name)) return [];
  return [
    warning(
      "no-timeout",
      `${name} is ${value} from here on, and who comes to the table after this waits as long. Leave it short: what does not get its ` +
        "lock is tried again.",
    ),
  ];
}
