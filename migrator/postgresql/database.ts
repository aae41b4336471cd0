import type { EventEmitter } from "node:events";
import pg from "pg";
import { ApplyFailure, MigrationError, messageOf } from "../errors.ts";
import { connectPostgres } from "./connection.ts";
import { lockPostgres } from "./lock.ts";
import { lineAt, lineOfStatement, transactionStatement } from "./sql.ts";
import type { Connection, Database, FileKind, Ledger, LedgerRow, SourceFile } from "../types.ts";

/**
 * The state in which every file starts, whatever an earlier one set. Lock waits are short, because whoever waits for
 * a table makes all later readers of it wait too. A server that loses its client stops the statement within seconds,
 * so that the lock of a killed run is free again.
 */
const freshSession = `
  RESET ALL;
  SET ROLE trading_owner;
  SET search_path = public;
  SET lock_timeout = '10s';
  SET statement_timeout = '15min';
  SET client_connection_check_interval = '2s';`;

const createLedger = `
  BEGIN;
  CREATE SCHEMA IF NOT EXISTS trading_ledger;
  CREATE TABLE IF NOT EXISTS trading_ledger.migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user
  );
  CREATE TABLE IF NOT EXISTS trading_ledger.seeds (LIKE trading_ledger.migrations INCLUDING ALL);
  COMMENT ON SCHEMA trading_ledger IS 'What the migrator applied to this database. Written by the migrator alone.';
  GRANT USAGE ON SCHEMA trading_ledger TO trading_migrator, trading_user, trading_readonly;
  GRANT SELECT ON ALL TABLES IN SCHEMA trading_ledger TO trading_migrator, trading_user, trading_readonly;
  COMMIT;`;

/**
 * @param connection as `trading_migrator`, which may become `trading_owner`.
 * @param container see `connectPostgres`.
 */
export async function openPostgres(connection: Connection, container?: string): Promise<Database> {
  const client = await connectPostgres(connection, container);
  return {
    async lock(waitSeconds) {
      await lockPostgres(client, waitSeconds);
      await client.query(freshSession);
      if (!(await hasLedger(client))) await client.query(createLedger);
    },
    readLedger: () => readLedger(client),
    check: (_kind, file) => refuseTransactionControl(file),
    apply: (kind, file) => applyFile(client, kind, file),
    close: () => client.end(),
  };
}

async function readLedger(client: pg.Client): Promise<Ledger> {
  if (!(await hasLedger(client))) return { version: "", migrations: [], seeds: [] };
  const rows = async (kind: FileKind): Promise<LedgerRow[]> =>
    (await client.query(`SELECT name, checksum, applied_at AS "appliedAt" FROM trading_ledger.${kind} ORDER BY name`))
      .rows;
  const migrations = await rows("migrations");
  return { version: migrations.at(-1)?.name ?? "", migrations, seeds: await rows("seeds") };
}

async function hasLedger(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass('trading_ledger.seeds') IS NOT NULL AS present");
  return rows[0].present;
}

function refuseTransactionControl(file: SourceFile): void {
  const found = transactionStatement(file.text);
  if (!found) return;
  throw new MigrationError(
    `${file.name} line ${found.line}: ${found.statement} is not allowed, because each file runs as one transaction ` +
      `together with its ledger row. Nothing was applied. Take it out, and run \`pulumi up\` again.`,
    { migration: file.name },
  );
}

/** One transaction holds the file and its ledger row: both are kept, or neither. */
async function applyFile(client: pg.Client, kind: FileKind, file: SourceFile): Promise<void> {
  const row = [file.name, file.checksum].map(pg.escapeLiteral).join(", ");
  try {
    await client.query(`${freshSession} BEGIN;`);
    await runScript(client, file);
    // The file may have changed the role.
    await client.query(
      `SET ROLE trading_owner; INSERT INTO trading_ledger.${kind} (name, checksum) VALUES (${row}); COMMIT;`,
    );
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw explained(file, error);
  }
}

/** Sends the file as one message. An error gets the line that it is about. */
async function runScript(client: pg.Client, file: SourceFile): Promise<void> {
  // Only some errors have a position; the number of statements that were done tells where the others happened.
  const { connection } = client as unknown as { connection: EventEmitter };
  let done = 0;
  const count = () => (done += 1);
  connection.on("commandComplete", count);
  try {
    await client.query(file.text);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    // Positions count characters from 1.
    const characters = [...file.text].slice(0, Number(error.position) - 1).join("");
    const line = error.position ? lineAt(file.text, characters.length) : lineOfStatement(file.text, done);
    throw Object.assign(error, { fileLine: line });
  } finally {
    connection.off("commandComplete", count);
  }
}

function explained(file: SourceFile, error: unknown): ApplyFailure {
  // The classes 08 and 57P: the connection is lost, or the server goes down.
  if (!(error instanceof pg.DatabaseError) || /^(08|57P)/.test(error.code ?? "")) {
    return new ApplyFailure(
      `${file.name}: the connection to PostgreSQL broke (${messageOf(error)})`,
      `${file.name} was kept whole or not at all`,
      "Run `pulumi up` again: it reads from the ledger which of the two it was.",
      error,
    );
  }
  const { message, detail, code, fileLine } = error as pg.DatabaseError & { fileLine?: number };
  const place = fileLine === undefined ? file.name : `${file.name} line ${fileLine}`;
  const remedy = waits[code ?? ""] ?? "Mend the file, and run `pulumi up` again.";
  const reason = `${place}: ${message}${detail ? ` (${detail})` : ""}`;
  return new ApplyFailure(reason, `nothing of ${file.name} was kept`, remedy, error);
}

/** Failures that are not the file's fault, by SQLSTATE. */
const waits: Record<string, string> = {
  "55P03": "Another session used the table for too long. Run `pulumi up` again when that session is done.",
  "57014":
    "Somebody cancelled it, or it took longer than statement_timeout: 15 min, unless the file sets it. " +
    "Run `pulumi up` again, or set that in the file.",
};
