import { counted, listed } from "../errors.ts";
import { nameIn, namesIn, objectName, roleName, tableName, thing, typeName, type Tree } from "./names.ts";

/** What CREATE TABLE does, in words. */
export function createsTable({ relation, tableElts = [], inhRelations, partspec, partbound }: Tree): string {
  const name = tableName(relation);
  const kind =
    relation?.relpersistence === "t"
      ? "temporary table"
      : relation?.relpersistence === "u"
        ? "unlogged table"
        : "table";
  if (partbound) return `creates ${kind} ${name} as a partition of ${tableName(inhRelations?.[0]?.RangeVar)}`;
  const columns = tableElts.filter((element: Tree) => element.ColumnDef).length;
  const like = tableElts.find((element: Tree) => element.TableLikeClause)?.TableLikeClause;
  const parts = [like ? `like ${tableName(like.relation)}` : `with ${counted(columns, "column")}`];
  if (partspec)
    parts.push(`partitioned by ${partitionWords[partspec.strategy] ?? "key"} of ${listed(keysOf(partspec))}`);
  if (inhRelations)
    parts.push(`inheriting from ${listed(inhRelations.map((parent: Tree) => tableName(parent.RangeVar)))}`);
  return `creates ${kind} ${name} ${parts.join(", ")}`;
}

const partitionWords: Record<string, string> = {
  PARTITION_STRATEGY_HASH: "hash",
  PARTITION_STRATEGY_LIST: "values",
  PARTITION_STRATEGY_RANGE: "ranges",
};

const keysOf = ({ partParams = [] }: Tree): string[] =>
  partParams.map(({ PartitionElem }: Tree) => PartitionElem?.name ?? "an expression");

/** What ALTER TABLE does, in words: each of its commands, joined; undefined where one is not known. */
export function altersTable({ relation, cmds = [], objtype }: Tree): string | undefined {
  const table = tableName(relation);
  const words = cmds.map(({ AlterTableCmd }: Tree) =>
    commandWords(AlterTableCmd, table, thing(objtype ?? "OBJECT_TABLE")),
  );
  return words.some((word: string | undefined) => word === undefined) ? undefined : words.join(", ");
}

function commandWords(cmd: Tree, table: string, kind: string): string | undefined {
  const noun = kind === "type" ? "field" : "column";
  const column = `${noun} ${cmd?.name} of ${table}`;
  const constraint = `constraint ${cmd?.name} of ${table}`;
  const partition = tableName(cmd?.def?.PartitionCmd?.name);
  const words: Record<string, () => string | undefined> = {
    AT_AddColumn: () => `adds ${noun} ${columnWords(cmd.def.ColumnDef)} to ${table}`,
    AT_DropColumn: () => `drops ${column}`,
    AT_AlterColumnType: () => `changes the type of ${column} to ${typeName(cmd.def.ColumnDef.typeName)}`,
    AT_ColumnDefault: () =>
      cmd.def ? `sets the default of ${column} to ${valueWords(cmd.def)}` : `drops the default of ${column}`,
    AT_SetNotNull: () => `forbids nulls in ${column}`,
    AT_DropNotNull: () => `allows nulls in ${column}`,
    AT_AddConstraint: () => addsConstraint(cmd.def.Constraint, table),
    AT_ValidateConstraint: () => `validates ${constraint}`,
    AT_DropConstraint: () => `drops ${constraint}`,
    AT_ChangeOwner: () => `gives ${kind} ${table} to ${roleName(cmd.newowner)}`,
    AT_AttachPartition: () => `attaches ${partition} to ${table} as a partition`,
    AT_DetachPartition: () =>
      `detaches partition ${partition} from ${table}${cmd.def.PartitionCmd.concurrent ? " concurrently" : ""}`,
    AT_DetachPartitionFinalize: () => `ends the detaching of partition ${partition} from ${table}`,
    AT_EnableRowSecurity: () => `switches row level security on for ${table}`,
    AT_DisableRowSecurity: () => `switches row level security off for ${table}`,
    AT_ForceRowSecurity: () => `holds the owner of ${table} to its row level security, too`,
    AT_NoForceRowSecurity: () => `frees the owner of ${table} from its row level security`,
    AT_EnableTrig: () => `switches trigger ${cmd.name} of ${table} on`,
    AT_DisableTrig: () => `switches trigger ${cmd.name} of ${table} off`,
    AT_EnableTrigAll: () => `switches all triggers and foreign keys of ${table} on`,
    AT_DisableTrigAll: () => `switches all triggers and foreign keys of ${table} off`,
    AT_EnableTrigUser: () => `switches all triggers of ${table} on`,
    AT_DisableTrigUser: () => `switches all triggers of ${table} off`,
    AT_EnableRule: () => `switches rule ${cmd.name} of ${table} on`,
    AT_DisableRule: () => `switches rule ${cmd.name} of ${table} off`,
    AT_AddInherit: () => `makes ${table} inherit from ${tableName(cmd.def.RangeVar)}`,
    AT_DropInherit: () => `ends that ${table} inherits from ${tableName(cmd.def.RangeVar)}`,
    AT_SetStatistics: () => `sets the statistics target of ${column}`,
    AT_SetCompression: () => `sets the compression of ${column}`,
    AT_SetIdentity: () => `sets ${optionWords(cmd.def)} of identity column ${cmd.name} of ${table}`,
    // One that is no longer enforced guards nothing.
    AT_AlterConstraint: () =>
      cmd.def.ATAlterConstraint.alterEnforceability
        ? undefined
        : `changes when constraint ${cmd.def.ATAlterConstraint.conname} of ${table} is checked`,
    AT_SetStorage: () => `sets the storage of ${column}`,
    AT_SetRelOptions: () => `sets ${optionWords(cmd.def)} of ${kind} ${table}`,
    AT_ResetRelOptions: () => `resets ${optionWords(cmd.def)} of ${kind} ${table}`,
    AT_SetTableSpace: () => `moves ${kind} ${table} to tablespace ${cmd.name}`,
    AT_SetAccessMethod: () => `sets the access method of ${kind} ${table}`,
    AT_SetLogged: () => `makes table ${table} logged`,
    AT_SetUnLogged: () => `makes table ${table} unlogged`,
    AT_ReplicaIdentity: () => `sets the replica identity of ${table}`,
    AT_AddIdentity: () => `makes ${column} an identity column`,
    AT_DropIdentity: () => `makes ${column} no identity column`,
    AT_DropExpression: () => `makes ${column} no generated column`,
    AT_ClusterOn: () => `marks index ${cmd.name} for clustering ${table}`,
  };
  const cascade = cmd?.behavior === "DROP_CASCADE" ? " and what depends on it" : "";
  const found = words[cmd?.subtype]?.();
  return found && found + cascade;
}

/** `note (text, not null, default '')`. */
export function columnWords({ colname, typeName: type, constraints = [] }: Tree): string {
  const kinds = constraints.map(({ Constraint }: Tree) => {
    const { contype, raw_expr, pktable } = Constraint;
    const words: Record<string, string> = {
      CONSTR_NOTNULL: "not null",
      CONSTR_NULL: "null",
      CONSTR_DEFAULT: `default ${valueWords(raw_expr)}`,
      CONSTR_PRIMARY: "primary key",
      CONSTR_UNIQUE: "unique",
      CONSTR_CHECK: "with a check",
      CONSTR_FOREIGN: `references ${tableName(pktable)}`,
      CONSTR_GENERATED: "generated",
      CONSTR_IDENTITY: "identity",
    };
    return words[contype];
  });
  return `${colname} (${[typeName(type), ...kinds.filter(Boolean)].join(", ")})`;
}

/** `adds foreign key trades_run from run_id to simulation_runs on trades, not validated`. */
export function addsConstraint(constraint: Tree, on: string): string {
  const { contype, conname, keys, fk_attrs, pktable, skip_validation, indexname } = constraint;
  const name = conname ? ` ${conname}` : "";
  const by = indexname ? ` by index ${indexname}` : keys ? ` of ${listed(namesIn(keys))}` : "";
  const words: Record<string, string> = {
    CONSTR_PRIMARY: `primary key${name}${by}`,
    CONSTR_UNIQUE: `unique constraint${name}${by}`,
    CONSTR_CHECK: `check${name}`,
    CONSTR_FOREIGN: `foreign key${name} from ${listed(namesIn(fk_attrs))} to ${tableName(pktable)}`,
    CONSTR_NOTNULL: `not null constraint${name}${by}`,
    CONSTR_EXCLUSION: `exclusion constraint${name}`,
  };
  return `adds ${words[contype] ?? `constraint${name}`} on ${on}${skip_validation ? ", not validated" : ""}`;
}

/** A value as far as it is simple. */
export function valueWords(value: Tree): string {
  const constant = value?.A_Const;
  if (constant?.isnull) return "null";
  if (constant?.sval) return `'${constant.sval.sval ?? ""}'`;
  if (constant?.ival) return String(constant.ival.ival ?? 0);
  if (constant?.fval) return constant.fval.fval;
  if (constant?.boolval) return String(constant.boolval.boolval ?? false);
  if (value?.TypeCast) return valueWords(value.TypeCast.arg);
  if (value?.FuncCall) return `${nameIn(value.FuncCall.funcname)}()`;
  if (value?.SQLValueFunction) return value.SQLValueFunction.op.replace("SVFOP_", "").toLowerCase();
  return "an expression";
}

export function optionWords(options: Tree): string {
  const list = options?.List?.items ?? options ?? [];
  return listed(list.map(({ DefElem }: Tree) => DefElem?.defname ?? objectName(DefElem))) || "options";
}
