import pg from "pg";
import type { Session } from "./session.ts";
import type { SqlStatement } from "./statements.ts";

type Fields = Record<string, unknown>;

/** Whether PostgreSQL refuses a statement inside a transaction. */
export function runsAlone({ node }: SqlStatement): boolean {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "IndexStmt" || kind === "DropStmt") return fields["concurrent"] === true;
  if (kind === "ReindexStmt")
    return (
      mentions(fields["params"], "concurrently") ||
      !mentions(fields["kind"], "REINDEX_OBJECT_INDEX", "REINDEX_OBJECT_TABLE")
    );
  if (kind === "AlterTableStmt") return detachOf(fields) !== undefined;
  return kind === "VacuumStmt"
    ? fields["is_vacuumcmd"] === true
    : kind === "ClusterStmt" && fields["relation"] === undefined;
}

/**
 * Sees to what a killed run left of a statement that had begun: an index that is there and valid is done; an INVALID one,
 * which costs writes and serves nobody, is dropped, to be built anew.
 * @returns whether nothing is left to do.
 */
export async function finishStarted(session: Session, { node }: SqlStatement): Promise<boolean> {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "IndexStmt") return finishIndex(session, fields);
  if (kind === "DropStmt") return finishDrop(session, fields);
  if (kind === "AlterTableStmt") return finishDetach(session, fields);
  if (kind === "ReindexStmt") await dropLeftOvers(session);
  // The others end in the same state when they run again.
  return false;
}

async function finishIndex({ client, tell }: Session, fields: Fields): Promise<boolean> {
  const { schemaname, relname } = fields["relation"] as { schemaname?: string; relname: string };
  const name = fields["idxname"] as string;
  const { rows } = await client.query(
    `SELECT indexrelid::regclass::text AS index, indisvalid AND indisready AS valid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE indrelid = to_regclass($1) AND relname = $2`,
    [qualified(schemaname, relname), name],
  );
  const [found] = rows;
  if (!found) return false;
  if (found.valid) return true;
  tell(`The index ${name} was left INVALID by a run that was killed: it is dropped and built anew.`);
  await client.query(`DROP INDEX CONCURRENTLY ${found.index}`);
  return false;
}

async function finishDrop({ client }: Session, fields: Fields): Promise<boolean> {
  const names = (fields["objects"] as { List: { items: { String: { sval: string } }[] } }[]).map(({ List }) =>
    List.items.map(({ String }) => pg.escapeIdentifier(String.sval)).join("."),
  );
  const { rows } = await client.query("SELECT FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL", [
    names,
  ]);
  return rows.length === 0;
}

async function finishDetach({ client }: Session, fields: Fields): Promise<boolean> {
  const parent = fields["relation"] as { schemaname?: string; relname: string };
  const child = detachOf(fields)!;
  const { rows } = await client.query(
    "SELECT inhdetachpending AS pending FROM pg_inherits WHERE inhparent = to_regclass($1) AND inhrelid = to_regclass($2)",
    [qualified(parent.schemaname, parent.relname), qualified(child.schemaname, child.relname)],
  );
  if (!rows[0]) return true;
  if (!rows[0].pending) return false;
  await client.query(
    `ALTER TABLE ${qualified(parent.schemaname, parent.relname)} DETACH PARTITION ${qualified(child.schemaname, child.relname)} FINALIZE`,
  );
  return true;
}

/** A killed REINDEX CONCURRENTLY leaves its own INVALID copies, under names that it ends so. */
async function dropLeftOvers({ client, tell }: Session): Promise<void> {
  const { rows } = await client.query(
    `SELECT indexrelid::regclass::text AS index FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE NOT indisvalid AND relname ~ '_cc(new|old)[0-9]*$' AND pg_get_userbyid(relowner) = current_user`,
  );
  for (const { index } of rows) {
    tell(`The index ${index} was left INVALID by a run that was killed: it is dropped.`);
    await client.query(`DROP INDEX CONCURRENTLY ${index}`);
  }
}

/** The partition that a statement detaches concurrently. */
function detachOf(fields: Fields): { schemaname?: string; relname: string } | undefined {
  for (const { AlterTableCmd } of (fields["cmds"] ?? []) as { AlterTableCmd: Fields }[]) {
    const { name, concurrent } = ((AlterTableCmd["def"] as Fields | undefined)?.["PartitionCmd"] ?? {}) as Fields;
    if (concurrent === true) return name as { relname: string };
  }
  return undefined;
}

function qualified(schema: string | undefined, name: string): string {
  return schema === undefined
    ? pg.escapeIdentifier(name)
    : `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

function mentions(value: unknown, ...words: string[]): boolean {
  const text = JSON.stringify(value) ?? "";
  return words.some((word) => text.includes(word));
}
