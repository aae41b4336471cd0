import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { MigrationError } from "../errors.ts";

/** "trading" in ASCII: one lock for each database, whatever else uses advisory locks there. */
const lockKey = "32776859920461415";
const pollMilliseconds = 250;

/**
 * Takes the session's advisory lock. It is asked for again and again and never waited for inside the server,
 * because a waiting session holds a snapshot, and CREATE INDEX CONCURRENTLY elsewhere would wait for that one.
 * The server frees the lock when the session ends, however it ends.
 * Call it before SET ROLE: the holder's details are shown to the same login only.
 * @throws MigrationError after `waitSeconds`, naming the holder.
 */
export async function lockPostgres(client: pg.Client, waitSeconds: number): Promise<void> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const { rows } = await client.query(`SELECT pg_try_advisory_lock(${lockKey}) AS taken`);
    if (rows[0].taken) return;
    if (performance.now() > deadline) break;
    await sleep(pollMilliseconds);
  }
  throw new MigrationError(
    `Another run holds the migration lock of ${client.database}: ${await holder(client)}. ` +
      `It was waited for ${waitSeconds} s. Let it finish, or end that process; ` +
      `the lock is free as soon as its connection is closed. Then run \`pulumi up\` again.`,
  );
}

async function holder(client: pg.Client): Promise<string> {
  const { rows } = await client.query(`
    SELECT pid, application_name, coalesce(host(client_addr), 'the local socket') AS address, backend_start
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = (${lockKey}::bigint >> 32)::oid AND objid = (${lockKey}::bigint & 4294967295)::oid AND objsubid = 1`);
  const [row] = rows;
  if (!row) return "it has just ended";
  return `"${row.application_name}" (server process ${row.pid}, from ${row.address}, connected since ${row.backend_start.toISOString()})`;
}
