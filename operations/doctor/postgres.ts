import { docker } from "../../migrator/docker.ts";
import { LoginRefused, messageOf } from "../../migrator/errors.ts";
import { connectPostgres } from "../../migrator/postgresql/connection.ts";
import type { PostgresOutputs, StackOutputs } from "../../outputs.ts";
import { postgresAs } from "../connections.ts";
import { setUp, tradingDb, type Check, type Fault } from "./check.ts";

interface Answers {
  connections: { used: number; idle: number; most: number };
  collations: { database: string; recorded: string | null; actual: string | null }[];
  slots: { name: string; mebibytes: number }[];
  sleepers: { pid: number; user: string; seconds: number; waiting: number }[];
}

/** What a running PostgreSQL suffers from. Its superuser is asked, for whom connections are kept free. */
export async function postgresChecks(stack: string, outputs: StackOutputs): Promise<Check[]> {
  const { container } = outputs.postgres;
  const psql = ["psql", "--no-psqlrc", "--username=postgres", "--dbname=postgres", "--tuples-only", "--no-align"];
  const asSuperuser = (statement: string, database = "postgres") =>
    `docker exec ${container} psql -U postgres -d ${database} -c ${quoted(statement)}`;
  let answers: Answers;
  try {
    answers = JSON.parse(await docker(["exec", "--interactive", container, ...psql], QUESTION));
  } catch (error) {
    const problem = `PostgreSQL does not answer its superuser: ${messageOf(error).split("\n")[0]}.`;
    return [{ name: "PostgreSQL answers", look: () => ({ problem, cure: tradingDb(stack, "restart") }) }];
  }
  const exhausted = findExhaustion(answers, stack, asSuperuser);
  return [
    { name: "PostgreSQL has connections left", look: () => exhausted },
    {
      name: "PostgreSQL's collations are those that its indexes were made with",
      look() {
        const [changed] = answers.collations;
        if (changed === undefined) return undefined;
        const { database, recorded, actual } = changed;
        const problem = `The database ${database} was made with collation version ${recorded ?? "none"}, and this server has ${actual ?? "none"}: indexes on text may be wrong.`;
        if (actual === null) {
          const forget = `UPDATE pg_database SET datcollversion = NULL WHERE datname = '${database}'`;
          return { problem, cure: asSuperuser(forget) };
        }
        const refresh = asSuperuser(`ALTER DATABASE "${database}" REFRESH COLLATION VERSION`);
        return { problem, cure: `${asSuperuser(`REINDEX DATABASE "${database}"`, database)} && ${refresh}` };
      },
    },
    {
      name: "no replication slot holds back PostgreSQL's log",
      look() {
        const [slot] = answers.slots;
        if (slot === undefined) return undefined;
        return {
          problem: `The replication slot ${slot.name} keeps ${slot.mebibytes} MiB of PostgreSQL's log for somebody who is away.`,
          cure: asSuperuser(`SELECT pg_drop_replication_slot('${slot.name}')`),
        };
      },
    },
    {
      name: "no session sleeps on its locks",
      look() {
        const [sleeper] = answers.sleepers;
        if (sleeper === undefined) return undefined;
        const { pid, user, seconds, waiting } = sleeper;
        return {
          problem: `Session ${pid} of ${user} does nothing in its transaction for ${seconds} s, and holds locks; ${waiting} others wait for it.`,
          cure: asSuperuser(`SELECT pg_terminate_backend(${pid})`),
        };
      },
    },
    // Who finds no connection free would be told the same again.
    ...(exhausted === undefined ? loginChecks(stack, outputs) : []),
  ];
}

function findExhaustion(
  { connections: { used, idle, most } }: Answers,
  stack: string,
  asSuperuser: (statement: string) => string,
): Fault | undefined {
  if (used < most * 0.9) return undefined;
  const problem = `${used} of PostgreSQL's ${most} connections are in use, ${idle} of them idle.`;
  const end =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'idle'";
  return { problem, cure: idle > 0 ? asSuperuser(end) : tradingDb(stack, "restart") };
}

function loginChecks(stack: string, outputs: StackOutputs): Check[] {
  const roles = Object.keys(outputs.postgres.passwords) as (keyof PostgresOutputs["passwords"])[];
  return roles.sort().map((role) => ({
    name: `PostgreSQL lets ${role} in`,
    async look() {
      // Who streams the server's log may not connect to the users' database.
      const database = role === "trading_replicator" ? "postgres" : outputs.postgres.database;
      try {
        await (await connectPostgres({ ...postgresAs(outputs, role), database })).end();
        return undefined;
      } catch (error) {
        const problem = error instanceof LoginRefused ? error.reason : messageOf(error);
        return { problem, cure: setUp(stack) };
      }
    },
  }));
}

/** For a shell, in double quotes. */
function quoted(statement: string): string {
  return `"${statement.replaceAll(/["\\$\`]/g, "\\$&")}"`;
}

/** Mebibytes of log that a slot may keep for somebody who is away. */
const MOST_KEPT = 256;

const QUESTION = `
SELECT json_build_object(
  'connections', (
    SELECT json_build_object(
      'used', count(*), 'idle', count(*) FILTER (WHERE state = 'idle'),
      'most', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int)
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
  'collations', (
    SELECT coalesce(json_agg(json_build_object('database', datname, 'recorded', datcollversion, 'actual', actual) ORDER BY datname), '[]')
    FROM pg_database, pg_database_collation_actual_version(oid) AS actual
    WHERE datallowconn AND datcollversion IS DISTINCT FROM actual),
  'slots', (
    SELECT coalesce(json_agg(json_build_object('name', slot_name, 'mebibytes', kept) ORDER BY kept DESC), '[]')
    FROM pg_replication_slots, round(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) / 1048576) AS kept
    WHERE NOT active AND kept >= ${MOST_KEPT}),
  'sleepers', (
    SELECT coalesce(json_agg(json_build_object('pid', pid, 'user', usename, 'seconds', seconds, 'waiting', waiting) ORDER BY seconds DESC), '[]')
    FROM pg_stat_activity AS sleeper,
      round(extract(epoch FROM now() - state_change)) AS seconds,
      LATERAL (SELECT count(*) AS waiting FROM pg_stat_activity AS other WHERE sleeper.pid = ANY (pg_blocking_pids(other.pid))) AS others
    WHERE state LIKE 'idle in transaction%' AND (seconds >= 300 OR seconds >= 10 AND waiting > 0)
      AND EXISTS (SELECT FROM pg_locks WHERE pg_locks.pid = sleeper.pid AND locktype <> 'virtualxid')));
`;
