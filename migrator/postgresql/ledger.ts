import pg from "pg";
import type { Ledger, Snapshot, SourceFile, Unfinished } from "../types.ts";

/**
 * The ledger stands beside the users' tables, out of their search path. What a former release made is completed.
 * Readers get what they may read where the roles of this project exist.
 */
export const createLedger = `
  BEGIN;
  CREATE SCHEMA IF NOT EXISTS trading_ledger;
  COMMENT ON SCHEMA trading_ledger IS 'What the migrator applied to this database. Written by the migrator alone.';
  CREATE TABLE IF NOT EXISTS trading_ledger.migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user
  );
  ALTER TABLE trading_ledger.migrations ADD COLUMN IF NOT EXISTS text text;
  CREATE TABLE IF NOT EXISTS trading_ledger.seeds (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user
  );
  CREATE TABLE IF NOT EXISTS trading_ledger.progress (name text PRIMARY KEY, done text[] NOT NULL, started text);
  CREATE TABLE IF NOT EXISTS trading_ledger.snapshot (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version text NOT NULL,
    objects jsonb NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS trading_ledger.history (
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    what text NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    by_role text NOT NULL DEFAULT session_user,
    by_process text NOT NULL DEFAULT current_setting('application_name')
  );
  DO $$
  DECLARE reader text;
  BEGIN
    FOR reader IN
      SELECT rolname FROM pg_roles WHERE rolname IN ('trading_migrator', 'trading_user', 'trading_readonly')
    LOOP
      EXECUTE format('GRANT USAGE ON SCHEMA trading_ledger TO %I', reader);
      EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA trading_ledger TO %I', reader);
    END LOOP;
  END $$;
  COMMIT;`;

/** Which tables of the ledger stand: none, those of the former release, or all. */
export async function ledgerState(client: pg.Client): Promise<"none" | "former" | "whole"> {
  const { rows } = await client.query(`
    SELECT CASE WHEN to_regclass('trading_ledger.history') IS NOT NULL THEN 'whole'
                WHEN to_regclass('trading_ledger.seeds') IS NOT NULL THEN 'former' ELSE 'none' END AS state`);
  return rows[0].state;
}

export async function readLedger(client: pg.Client): Promise<Ledger> {
  const state = await ledgerState(client);
  if (state === "none") return { version: "", migrations: [], seeds: [] };
  const rows = (table: string, columns: string) => `SELECT ${columns} FROM trading_ledger.${table} ORDER BY name`;
  const applied = ["migrations", "seeds"].map((table) => rows(table, `name, checksum, applied_at AS "appliedAt"`));
  const others = [rows("progress", "name, done, started"), "SELECT version FROM trading_ledger.snapshot"];
  // One message, to which the driver gives an array of answers.
  const answers = await client.query([...applied, ...(state === "whole" ? others : [])].join(";"));
  const [migrations = [], seeds = [], [unfinished] = [] as Unfinished[], [snapshot] = []] = (
    answers as unknown as pg.QueryResult[]
  ).map(({ rows }) => rows);
  return {
    version: migrations.at(-1)?.name ?? "",
    migrations,
    seeds,
    ...(unfinished && { unfinished }),
    ...(snapshot && { snapshotOf: snapshot.version }),
  };
}

export async function appliedText(client: pg.Client, name: string): Promise<string | undefined> {
  if ((await ledgerState(client)) !== "whole") return undefined;
  const { rows } = await client.query("SELECT text FROM trading_ledger.migrations WHERE name = $1", [name]);
  return rows[0]?.text ?? undefined;
}

/** The statements that write a migration's row, and make it known for ever. */
export function rowOf(what: "applied" | "baselined" | "repaired", { name, checksum, text }: SourceFile): string {
  const row = [name, checksum, text].map(pg.escapeLiteral).join(", ");
  return `
    INSERT INTO trading_ledger.migrations (name, checksum, text) VALUES (${row})
      ON CONFLICT (name) DO UPDATE SET checksum = EXCLUDED.checksum, text = EXCLUDED.text;
    ${remember(what, name, checksum)}
    ${forgetProgress(name)}`;
}

/** The statements that take a migration's row away. */
export function rowAway(name: string, checksum: string, downName: string): string {
  return `
    DELETE FROM trading_ledger.migrations WHERE name = ${pg.escapeLiteral(name)};
    ${remember("reverted", name, checksum)}
    ${forgetProgress(downName)}`;
}

function remember(what: string, name: string, checksum: string): string {
  const row = [what, name, checksum].map(pg.escapeLiteral).join(", ");
  return `INSERT INTO trading_ledger.history (what, name, checksum) VALUES (${row});`;
}

function forgetProgress(name: string): string {
  return `DELETE FROM trading_ledger.progress WHERE name = ${pg.escapeLiteral(name)};`;
}

/** How far a file is: nothing of it is done where nothing is noted. */
export async function readProgress(client: pg.Client, name: string): Promise<Unfinished> {
  const { rows } = await client.query("SELECT done, started FROM trading_ledger.progress WHERE name = $1", [name]);
  const [row] = rows;
  return { name, done: row?.done ?? [], ...(row?.started && { started: row.started }) };
}

/** The statement that notes how far a file is. One of which nothing stands is not interrupted. */
export function progressOf({ name, done, started }: Unfinished): string {
  if (done.length === 0 && started === undefined) return forgetProgress(name);
  const hashes = `ARRAY[${done.map(pg.escapeLiteral).join(", ")}]::text[]`;
  const begun = started === undefined ? "NULL" : pg.escapeLiteral(started);
  return `
    INSERT INTO trading_ledger.progress (name, done, started) VALUES (${pg.escapeLiteral(name)}, ${hashes}, ${begun})
      ON CONFLICT (name) DO UPDATE SET done = EXCLUDED.done, started = EXCLUDED.started;`;
}

export async function readSnapshot(client: pg.Client): Promise<Snapshot | undefined> {
  if ((await ledgerState(client)) !== "whole") return undefined;
  return (await client.query("SELECT version, objects FROM trading_ledger.snapshot")).rows[0];
}

export async function writeSnapshot(client: pg.Client, { version, objects }: Snapshot): Promise<void> {
  await client.query(
    `INSERT INTO trading_ledger.snapshot (version, objects) VALUES ($1, $2) ON CONFLICT (one)
     DO UPDATE SET version = EXCLUDED.version, objects = EXCLUDED.objects, taken_at = now()`,
    [version, JSON.stringify(objects)],
  );
}
