import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { LockHeld } from "../errors.ts";

/** "trading" in ASCII: one lock for each database, whatever else uses advisory locks there. */
const lockKey = "32776859920461415";
const pollMilliseconds = 250;
const tellMilliseconds = 10_000;

/**
 * Takes the session's advisory lock. It is asked for again and again and never waited for inside the server,
 * because a waiting session holds a snapshot, and CREATE INDEX CONCURRENTLY elsewhere would wait for that one.
 * The server frees the lock when the session ends, however it ends.
 * Call it before SET ROLE: the holder's details are shown to the same login only.
 * @param label under which the holder is shown to whoever waits. It gets the time of the lock.
 * @param tell gets the holder's name, at once and then each 10 s.
 * @returns the label with the time: the application name of the session from now on.
 * @throws LockHeld after `waitSeconds`, naming the holder.
 */
export async function lockPostgres(
  client: pg.Client,
  label: string,
  waitSeconds: number,
  tell: (sentence: string) => void,
): Promise<string> {
  const asked = performance.now();
  let told = -Infinity;
  for (;;) {
    const { rows } = await client.query(takeLock, [label]);
    if (rows[0]) return rows[0].name;
    const now = performance.now();
    if (now > asked + waitSeconds * 1000) break;
    if (now > told + tellMilliseconds) {
      told = now;
      tell(`Waiting for the migration lock of ${client.database}, which is held by ${await holder(client)}.`);
    }
    await sleep(pollMilliseconds * (0.5 + Math.random()));
  }
  throw new LockHeld(
    `Another run holds the migration lock of ${client.database}: ${await holder(client)}. ` +
      `It was waited for ${waitSeconds} s. Let it finish, or end that process; ` +
      `the lock is free as soon as its connection is closed. Then run \`pulumi up\` again.`,
  );
}

/** PostgreSQL cuts application names at 63 bytes, and the time is the part that nobody else can tell. */
const takeLock = `
  SELECT set_config('application_name',
           left($1, 42) || to_char(statement_timestamp() AT TIME ZONE 'UTC', '" "YYYY-MM-DD"T"HH24:MI:SS"Z"'), false) AS name
    FROM (SELECT pg_try_advisory_lock(${lockKey}) AS taken OFFSET 0) AS lock WHERE taken`;

async function holder(client: pg.Client): Promise<string> {
  const { rows } = await client.query(`
    SELECT pid, application_name, coalesce(host(client_addr), 'the local socket') AS address, backend_start
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = (${lockKey}::bigint >> 32)::oid AND objid = (${lockKey}::bigint & 4294967295)::oid AND objsubid = 1`);
  const [row] = rows;
  if (!row) return "somebody who has just ended";
  const [, name = row.application_name, since = row.backend_start?.toISOString()] =
    /^(.*) (\d{4}-\d\d-\d\dT[\d:]{8}Z)$/.exec(row.application_name) ?? [];
  return `"${name}" since ${since} (from ${row.address}, server process ${row.pid})`;
}
