import type { Connection, Database, Migration, OpenOptions, SourceFile } from "../types.ts";
import { readPostgresCatalog } from "./catalog.ts";
import { applicationName, connectPostgres } from "./connection.ts";
import { told } from "./failures.ts";
import * as ledger from "./ledger.ts";
import { emptyTables } from "./emptyTables.ts";
import { lockPostgres } from "./lock.ts";
import { countLosses } from "./losses.ts";
import { refuseHalfDone, runStepByStep } from "./resume.ts";
import { seedPostgres } from "./seed.ts";
import { openSession, settings, type Session } from "./session.ts";
import { parseSql } from "./statements.ts";
import { runTransactions, transactionsOf } from "./together.ts";
import { runTransaction } from "./transaction.ts";

/**
 * @param connection as a user that may do what the migrations do; in this project's databases as `trading_migrator`, which
 * may become `trading_owner`.
 */
export async function openPostgres(connection: Connection, options: OpenOptions): Promise<Database> {
  const client = await connectPostgres(connection, options, settings);
  let session: Session;

  const lock = async (waitSeconds: number) => {
    const label = await lockPostgres(client, applicationName, waitSeconds, options.tell);
    session = await openSession(client, connection, label, options.tell);
    await client.query(session.fresh.join(";"));
    if ((await ledger.ledgerState(client)) !== "whole") await client.query(ledger.createLedger);
  };

  const run = async (file: SourceFile, rows: string, verify?: SourceFile) => {
    const { statements, transaction } = await parseSql(file);
    const work = { file, statements, ledger: rows, ...(verify && { verify }) };
    await (transaction ? runTransaction(session, work) : runStepByStep(session, work));
  };

  const apply = async (migrations: readonly Migration[]) => {
    const [first] = migrations;
    // No other can be half done.
    await refuseHalfDone(session, first!);
    const together = await transactionsOf(migrations);
    const kept = together.length > 1 ? await runTransactions(session, together) : 0;
    if (kept > 0) return kept;
    await run(first!, ledger.rowOf("applied", first!), first!.verify);
    return 1;
  };

  const revert = async ({ name, checksum, down }: Migration) => {
    await refuseHalfDone(session, down!);
    await run(down!, ledger.rowAway(name, checksum, down!.name));
  };

  const record = async (what: "baselined" | "repaired", files: readonly SourceFile[]) => {
    const rows = files.map((file) => ledger.rowOf(what, file)).join("");
    await client.query(`${session.fresh.join(";")}; BEGIN; ${rows} COMMIT;`);
  };

  return {
    lock: (waitSeconds) => told(lock(waitSeconds)),
    readLedger: () => told(ledger.readLedger(client)),
    appliedText: (name) => told(ledger.appliedText(client, name)),
    apply: (migrations) => told(apply(migrations)),
    revert: (migration) => told(revert(migration)),
    losses: (down) => told(countLosses(client, down)),
    record: (what, files) => told(record(what, files)),
    seed: (file, seedOptions) => told(seedPostgres(session, file, seedOptions)),
    emptyOf: (tables) => told(emptyTables(client, tables)),
    readCatalog: () => told(readPostgresCatalog(client)),
    readSnapshot: () => told(ledger.readSnapshot(client)),
    writeSnapshot: (snapshot) => told(ledger.writeSnapshot(client, snapshot)),
    close: () => client.end(),
  };
}
