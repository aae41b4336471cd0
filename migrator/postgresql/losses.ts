import pg from "pg";
import { counted } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { isBroken } from "./failures.ts";
import { readProgress } from "./ledger.ts";
import type { Tree } from "./names.ts";
import { parseSql, type SqlStatement } from "./statements.ts";

interface Loss {
  /** A query that counts it; undefined where there is none. */
  query?: string;
  /** What one of it is: "row". */
  noun: string;
  /** Of what it is: "of trades". */
  rest: string;
  /** Whether the statement passes over what is not there. */
  isOptional?: boolean;
}

/**
 * What the statements of a down file that are still to be run take away that can't be had again: rows, values of columns,
 * positions of sequences. Objects without data come back when the migration is applied again. What can't be counted is told
 * by its statement: better a loss too many than one too few.
 */
export async function countLosses(client: pg.Client, down: SourceFile): Promise<string[]> {
  const { statements } = await parseSql(down);
  const { done } = await readProgress(client, down.name);
  const losses = new Set<string>();
  const renamed: string[] = [];
  for (const statement of statements.slice(done.length)) {
    const tree = JSON.stringify(statement.node);
    const isUnsure = renamed.some((words) => tree.includes(words));
    for (const loss of lossesOf(statement)) {
      const count = isUnsure ? undefined : await countOf(client, loss);
      if (count === undefined)
        losses.add(`what can't be counted: ${statement.text.replace(/\s+/g, " ").slice(0, 100)}`);
      else if (count > 0) losses.add(`${counted(count, loss.noun)} ${loss.rest}`);
    }
    renamed.push(...renamedBy(statement.node));
  }
  return [...losses];
}

/** @returns undefined when it can't be counted: it gets its name by an earlier statement, or is in use. */
async function countOf(client: pg.Client, { query, isOptional }: Loss): Promise<number | undefined> {
  if (query === undefined) return undefined;
  try {
    return Number((await client.query(query)).rows[0].count);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || isBroken(error)) throw error;
    return isOptional && ["42P01", "42703"].includes(error.code ?? "") ? 0 : undefined;
  }
}

/** Nothing is counted by the names of these. */
const harmless = ["OBJECT_INDEX", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY"];

/**
 * After such a statement a name means something else than today.
 * @returns words that the trees of later statements have where they may use that name: all have "".
 */
function renamedBy(node: Tree): string[] {
  const { RenameStmt, VariableSetStmt } = node;
  if (RenameStmt?.renameType === "OBJECT_COLUMN") return [`"relname":${JSON.stringify(RenameStmt.relation.relname)}`];
  if (RenameStmt) return harmless.includes(RenameStmt.renameType) ? [] : [""];
  return "AlterObjectSchemaStmt" in node || VariableSetStmt?.name === "search_path" ? [""] : [];
}

function lossesOf({ node, text }: SqlStatement): Loss[] {
  const [[kind, tree] = ["", {}]] = Object.entries<Tree>(node);
  if (kind === "DropStmt") return dropped(tree);
  if (kind === "AlterTableStmt") return altered(tree);
  if (kind === "TruncateStmt") {
    const rows = tree.relations.map(({ RangeVar }: Tree) => rowsOf(partsOf(RangeVar)));
    return tree.behavior === "DROP_CASCADE" ? [...rows, uncounted] : rows;
  }
  if (kind === "DeleteStmt" && !tree.usingClause && !tree.returningClause && /^DELETE\s+FROM\b/i.test(text)) {
    const query = text.replace(/^DELETE/i, "SELECT count(*) AS count");
    return [{ ...rowsOf(partsOf(tree.relation)), query }];
  }
  const isHidden = kind === "DropOwnedStmt" || kind === "DoStmt";
  const writes = /"(Delete|Update|Merge)Stmt":|"ONCONFLICT_UPDATE"/;
  const isWrite = /^(Delete|Insert|Merge|Select|Update)Stmt$/.test(kind) && writes.test(JSON.stringify(node));
  return isHidden || isWrite ? [uncounted] : [];
}

const uncounted: Loss = { noun: "", rest: "" };

function dropped({ removeType, objects, behavior, missing_ok: isOptional }: Tree): Loss[] {
  const names = (): string[][] => objects.map(({ List }: Tree) => List.items.map(({ String }: Tree) => String.sval));
  if (removeType === "OBJECT_TABLE") return names().map((name) => ({ ...rowsOf(name), isOptional }));
  if (removeType === "OBJECT_SEQUENCE") {
    return names().map((name) => ({
      query: `SELECT is_called::int AS count FROM ${quoted(name)}`,
      noun: "position",
      rest: `of sequence ${name.join(".")}`,
      isOptional,
    }));
  }
  const mayHold = ["OBJECT_SCHEMA", "OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_EXTENSION"].includes(removeType);
  return mayHold && behavior === "DROP_CASCADE" ? [uncounted] : [];
}

function altered({ relation, cmds, objtype, missing_ok }: Tree): Loss[] {
  const table = partsOf(relation);
  return cmds.flatMap(({ AlterTableCmd: { subtype, name, missing_ok: isColumnOptional } }: Tree): Loss[] => {
    if (subtype !== "AT_DropColumn" && subtype !== "AT_AlterColumnType") return [];
    // Of a composite type: nobody knows which columns have it.
    if (objtype === "OBJECT_TYPE") return [uncounted];
    if (objtype !== "OBJECT_TABLE") return [];
    return [
      {
        query: `SELECT count(${pg.escapeIdentifier(name)}) AS count FROM ${quoted(table)}`,
        noun: "value",
        rest: `of column ${name} of ${table.join(".")}${subtype === "AT_DropColumn" ? "" : ", whose type changes"}`,
        isOptional: missing_ok || isColumnOptional,
      },
    ];
  });
}

function rowsOf(table: string[]): Loss {
  return { query: `SELECT count(*) AS count FROM ${quoted(table)}`, noun: "row", rest: `of ${table.join(".")}` };
}

function partsOf({ schemaname, relname }: Tree): string[] {
  return schemaname === undefined ? [relname] : [schemaname, relname];
}

function quoted(name: string[]): string {
  return name.map(pg.escapeIdentifier).join(".");
}
