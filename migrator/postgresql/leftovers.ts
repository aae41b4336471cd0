import pg from "pg";
import { detachedBy } from "./alone.ts";
import { patiently } from "./patience.ts";
import type { Session } from "./session.ts";
import type { SqlStatement } from "./statements.ts";
import { watched } from "./watch.ts";

type Fields = Record<string, unknown>;
type Name = { schemaname?: string; relname: string };

/**
 * Whether what a statement ends with is there: an index of its name, no index that it drops, no partition that it detaches.
 * Of the others nobody can tell, and they end in the same state when they run again.
 */
export async function isDone(session: Session, { node }: SqlStatement): Promise<boolean> {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "IndexStmt") return (await findIndex(session, fields)) !== undefined;
  if (kind === "DropStmt") return !(await standsAny(session, fields));
  if (kind === "AlterTableStmt") return (await findPartition(session, fields)) === undefined;
  return false;
}

/**
 * Sees to what a statement left that was killed or refused on its way: INVALID indexes, which cost writes and serve nobody, are
 * dropped; a partition that is half detached can only be detached.
 */
export async function clearAway(session: Session, { node }: SqlStatement): Promise<void> {
  const [[kind, value] = ["", {}]] = Object.entries(node);
  const fields = value as Fields;
  if (kind === "IndexStmt") {
    const found = await findIndex(session, fields);
    if (found && !found.valid) await dropInvalid(session, found.index);
  }
  if (kind === "AlterTableStmt" && (await findPartition(session, fields))?.pending) {
    const finalize = `ALTER TABLE ${qualified(fields["relation"] as Name)} DETACH PARTITION ${qualified(detachedBy(fields)!)} FINALIZE`;
    await watched(session, session.client.query(finalize));
  }
  if (kind === "ReindexStmt") await dropCopies(session);
}

async function findIndex({ client }: Session, fields: Fields): Promise<{ index: string; valid: boolean } | undefined> {
  const { rows } = await client.query(
    `SELECT indexrelid::regclass::text AS index, indisvalid AND indisready AS valid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE indrelid = to_regclass($1) AND relname = $2`,
    [qualified(fields["relation"] as Name), fields["idxname"]],
  );
  return rows[0];
}

async function standsAny({ client }: Session, fields: Fields): Promise<boolean> {
  const names = (fields["objects"] as { List: { items: { String: { sval: string } }[] } }[]).map(({ List }) =>
    List.items.map(({ String }) => pg.escapeIdentifier(String.sval)).join("."),
  );
  const { rows } = await client.query("SELECT FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL", [
    names,
  ]);
  return rows.length > 0;
}

async function findPartition({ client }: Session, fields: Fields): Promise<{ pending: boolean } | undefined> {
  const { rows } = await client.query(
    "SELECT inhdetachpending AS pending FROM pg_inherits WHERE inhparent = to_regclass($1) AND inhrelid = to_regclass($2)",
    [qualified(fields["relation"] as Name), qualified(detachedBy(fields)!)],
  );
  return rows[0];
}

/** REINDEX CONCURRENTLY leaves its own INVALID copies, under names that it ends so. */
async function dropCopies(session: Session): Promise<void> {
  const { rows } = await session.client.query(
    `SELECT indexrelid::regclass::text AS index FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE NOT indisvalid AND relname ~ '_cc(new|old)[0-9]*$' AND pg_get_userbyid(relowner) = current_user`,
  );
  for (const { index } of rows) await dropInvalid(session, index);
}

async function dropInvalid(session: Session, index: string): Promise<void> {
  session.tell(`The index ${index} was left INVALID, and is dropped.`);
  await patiently(session, `DROP INDEX CONCURRENTLY ${index}`);
}

function qualified({ schemaname, relname }: Name): string {
  return (schemaname === undefined ? [relname] : [schemaname, relname]).map(pg.escapeIdentifier).join(".");
}
