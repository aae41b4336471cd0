import { cascade, constraintGone, destructive, rewrite, warning, type Danger } from "./danger.ts";
import { nameIn, namesIn, nodesIn, tableName, typeName, type Tree } from "./names.ts";
import { isNew, type Tables } from "./tables.ts";

/** What ALTER TABLE, or ALTER TYPE of a type with fields, may destroy, lock for long, or fail at: each of its commands. */
export function alterDangers({ relation, cmds = [], objtype }: Tree, tables: Tables): Danger[] {
  const table = tableName(relation);
  // A table may have a column of it, also of one that is new.
  if (objtype === "OBJECT_TYPE") return cmds.flatMap((cmd: Tree) => fieldDangers(cmd, table));
  return cmds.flatMap(({ AlterTableCmd: cmd }: Tree) => {
    const partition = cmd.def?.PartitionCmd?.name;
    // An index has its parts, too, but no rows.
    if (objtype === "OBJECT_INDEX" && partition) return [];
    const subject = partition ?? relation;
    if (tables.empty.has(tableName(subject))) return [];
    const found = [...(alterations[cmd.subtype]?.(cmd, table, tables, cmds) ?? []), ...cascade(cmd.behavior)];
    // Of the file's own rows it is one thing alone that fails.
    return isNew(subject, tables) ? found.filter(({ rule }) => rule === "not-null-without-default") : found;
  });
}

function fieldDangers({ AlterTableCmd: { subtype, name, behavior } }: Tree, type: string): Danger[] {
  if (subtype === "AT_DropColumn") {
    const message = `Field ${name} goes with its values in each column of type ${type}: nothing but a backup has them then.`;
    return [destructive("drop-column", message), ...cascade(behavior)];
  }
  if (subtype !== "AT_AlterColumnType") return cascade(behavior);
  return [warning("change-type", `It fails where a column has type ${type}.`), ...cascade(behavior)];
}

const alterations: Record<string, (cmd: Tree, table: string, tables: Tables, all: Tree[]) => Danger[]> = {
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
  AT_AddColumn: ({ def }, table, _, all) => addedColumn(def.ColumnDef, table, all.length === 1),
  AT_SetNotNull: ({ name }, table, { checked }) =>
    checked.has(table)
      ? []
      : [
          warning(
            "set-not-null",
            `${table} is read whole under a lock that keeps everybody out. Add CHECK (${name} IS NOT NULL) NOT VALID first; in the next ` +
              "file VALIDATE it, and then this is quick.",
          ),
        ],
  AT_AttachPartition: ({ def }, table, { checked }) => {
    const part = tableName(def.PartitionCmd.name);
    if (checked.has(part)) return [];
    return [
      warning(
        "constraint-without-not-valid",
        `${part} is read whole under a lock to check that its rows belong into this part of ${table}. Add a CHECK that says so NOT VALID ` +
          "first; in the next file VALIDATE it, and then this is quick.",
      ),
    ];
  },
  AT_SetLogged: (_, table) => [rewrite(table)],
  AT_SetUnLogged: (_, table) => [rewrite(table)],
  AT_SetTableSpace: (_, table) => [rewrite(table)],
  AT_SetAccessMethod: (_, table) => [rewrite(table)],
  AT_DropConstraint: ({ name }, table) => [constraintGone(name, table)],
  AT_DetachPartition: ({ def }, table) => [parted(tableName(def.PartitionCmd.name), table)],
  AT_DropInherit: ({ def }, table) => [parted(table, tableName(def.RangeVar))],
  AT_DisableRowSecurity: (_, table) => [unguarded("row level security", table)],
  AT_NoForceRowSecurity: (_, table) => [unguarded("row level security for its owner", table)],
  AT_DisableTrig: ({ name }, table) => [unguarded(`trigger ${name}`, table)],
  AT_DisableTrigAll: (_, table) => [unguarded("every trigger, and every foreign key,", table)],
  AT_DisableTrigUser: (_, table) => [unguarded("every trigger", table)],
  AT_DisableRule: ({ name }, table) => [unguarded(`rule ${name}`, table)],
  AT_AddConstraint: ({ def }, table) => addedConstraint(def.Constraint, table),
};

function parted(part: string, table: string): Danger {
  return warning("detach-partition", `Queries of ${table} no longer find the rows of ${part}.`);
}

function unguarded(guard: string, table: string): Danger {
  return warning("drop-guard", `What ${guard} of ${table} saw to no longer happens.`);
}

/** Functions whose result changes from row to row, so that each row has to be written. */
const volatileFunctions = new Set([
  "gen_random_uuid",
  "random",
  "clock_timestamp",
  "timeofday",
  "nextval",
  "uuid_generate_v4",
]);

function isVolatile(value: Tree): boolean {
  return nodesIn(value, ["FuncCall"]).some(([, { funcname }]) => volatileFunctions.has(namesIn(funcname).at(-1) ?? ""));
}

function isNull(value: Tree): boolean {
  return value.TypeCast ? isNull(value.TypeCast.arg) : value.A_Const?.isnull === true;
}

function addedColumn({ colname, constraints = [], typeName: type }: Tree, table: string, alone: boolean): Danger[] {
  const kinds = constraints.map(({ Constraint }: Tree) => Constraint);
  const has = (contype: string) => kinds.find((constraint: Tree) => constraint.contype === contype);
  const value = has("CONSTR_DEFAULT")?.raw_expr;
  const generated = has("CONSTR_GENERATED");
  const isSerial = /^(small|big)?serial$/.test(nameIn(type?.names));
  const found: Danger[] = [];
  if (
    (has("CONSTR_NOTNULL") || has("CONSTR_PRIMARY")) &&
    (!value || isNull(value)) &&
    !has("CONSTR_IDENTITY") &&
    !generated &&
    !isSerial
  ) {
    found.push(
      destructive(
        "not-null-without-default",
        `It fails where ${table} has rows, because they would have no ${colname}. Give it a DEFAULT, or add it without NOT NULL, fill it, and forbid nulls then.`,
      ),
    );
  }
  if (isSerial || has("CONSTR_IDENTITY") || generated?.generated_kind === "s" || isVolatile(value))
    found.push(rewrite(table));
  // Of a column of nulls PostgreSQL checks no foreign key, unless another part of the statement fills or constrains something.
  const isNulls = alone && !value && !generated && !has("CONSTR_IDENTITY") && !isSerial;
  const checked = kinds.filter(({ contype }: Tree) => !isNulls || contype !== "CONSTR_FOREIGN");
  return [...found, ...checked.flatMap((constraint: Tree) => addedConstraint(constraint, table))];
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
  if (contype === "CONSTR_EXCLUSION") {
    const message = `Nobody can use ${table} while the index of ${name} is built, and it fails where rows exclude each other.`;
    return [warning("unique-constraint", message)];
  }
  return [];
}
