import pg from "pg";
import type { SqlStatement } from "./statements.ts";

/** A query that counts what one statement takes away, and what is counted, in words. */
interface Loss {
  count: string;
  what: string;
}

type Fields = Record<string, unknown>;
interface Range {
  schemaname?: string;
  relname: string;
}

/**
 * What the statements of a down file take away that can't be had again: rows of dropped and emptied tables, values of
 * dropped columns. Objects without data come back when the migration is applied again.
 */
export async function countLosses(client: pg.Client, statements: readonly SqlStatement[]): Promise<string[]> {
  const losses: string[] = [];
  for (const { count, what } of statements.flatMap(({ node }) => lossesOf(node as unknown as Fields))) {
    const [row] = (await client.query(count)).rows;
    if (Number(row.count) > 0) losses.push(`${Number(row.count).toLocaleString("en")} ${what}`);
  }
  return losses;
}

function lossesOf(node: Fields): Loss[] {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "DropStmt" && fields["removeType"] === "OBJECT_TABLE") {
    const names = fields["objects"] as { List: { items: { String: { sval: string } }[] } }[];
    return names.map(({ List }) => rowsOf(List.items.map(({ String }) => String.sval)));
  }
  if (kind === "TruncateStmt")
    return (fields["relations"] as { RangeVar: Range }[]).map(({ RangeVar }) => rowsOf(parts(RangeVar)));
  if (kind === "DeleteStmt") return [rowsOf(parts(fields["relation"] as Range))];
  if (kind !== "AlterTableStmt" || fields["objtype"] !== "OBJECT_TABLE") return [];
  const table = parts(fields["relation"] as Range);
  const commands = (fields["cmds"] as { AlterTableCmd: { subtype: string; name: string } }[]).map(
    (cmd) => cmd.AlterTableCmd,
  );
  return commands
    .filter(({ subtype }) => subtype === "AT_DropColumn")
    .map(({ name }) => ({
      count: `SELECT count(${pg.escapeIdentifier(name)}) AS count FROM ${quoted(table)}`,
      what: `values of column ${name} of ${table.join(".")}`,
    }));
}

function rowsOf(table: string[]): Loss {
  return { count: `SELECT count(*) AS count FROM ${quoted(table)}`, what: `rows of ${table.join(".")}` };
}

function parts({ schemaname, relname }: Range): string[] {
  return schemaname === undefined ? [relname] : [schemaname, relname];
}

function quoted(name: string[]): string {
  return name.map(pg.escapeIdentifier).join(".");
}
