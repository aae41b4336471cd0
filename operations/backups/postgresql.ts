import type { Readable, Writable } from "node:stream";
import { UserError } from "../errors.ts";
import type { Scratch } from "./scratch.ts";
import { feed, PsqlSession, run, start, type Tools } from "./tools.ts";

/** What a cluster is, and where its log stands. */
export interface ClusterFacts {
  version: string;
  systemIdentifier: string;
  timeline: number;
  schemaVersion: string;
}

/** Rows of each table that has any of its own, counted one after the other in the snapshot of the session. */
const COUNT_ROWS = `
  SELECT coalesce(json_object_agg(name, rows ORDER BY name), '{}') FROM (
    SELECT format('%I.%I', nspname, relname) AS name,
           (xpath('/row/count/text()',
                  query_to_xml(format('SELECT count(*) FROM %I.%I', nspname, relname), false, true, '')))[1]::text::bigint AS rows
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relpersistence = 'p'
       AND nspname !~ '^pg_' AND nspname <> 'information_schema') AS counted`;

/** Rows that were ever inserted into a table and its partitions, or deleted, as the server's statistics count them. */
const WRITTEN_ROWS = `
  SELECT coalesce(json_object_agg(name, written), '{}') FROM (
    SELECT format('%I.%I', nspname, pg_class.relname) AS name, sum(n_tup_ins + n_tup_del) AS written
      FROM pg_stat_user_tables AS counted
      JOIN pg_class ON pg_class.oid = coalesce(pg_partition_root(counted.relid), counted.relid)
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
     GROUP BY nspname, pg_class.relname) AS summed`;

const FACTS = `
  SELECT json_build_object(
    'version', split_part(current_setting('server_version'), ' ', 1),
    'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
    'timeline', (SELECT timeline_id FROM pg_control_checkpoint()),
    'schemaVersion', (SELECT coalesce(max(name), '') FROM trading_ledger.migrations))`;

export async function clusterFacts(session: PsqlSession): Promise<ClusterFacts> {
  return JSON.parse((await session.ask(FACTS)).join(""));
}

export async function countRows(session: PsqlSession): Promise<Record<string, number>> {
  return JSON.parse((await session.ask(COUNT_ROWS)).join(""));
}

export async function writtenRows(session: PsqlSession): Promise<Record<string, number>> {
  return JSON.parse((await session.ask(WRITTEN_ROWS)).join(""));
}

/** By this key one backup of a server excludes another. It ends with the session that took it. */
export async function lockBackups(session: PsqlSession): Promise<void> {
  const [locked] = await session.ask("SELECT pg_try_advisory_lock(hashtext('trading-db backup'))");
  if (locked === "t") return;
  throw new UserError("Another backup of this stack is under way. Wait for its end, and run this again.");
}

export interface BaseBackup {
  /** First and last position of the log that it needs. */
  wal: { start: string; end: string };
}

/**
 * Copies the whole cluster while it works: a tar with the log that makes it consistent, and PostgreSQL's own manifest.
 * @param store reads the tar to its end
 */
export async function baseBackup(tools: Tools, store: (tar: Readable) => Promise<void>): Promise<BaseBackup> {
  const options = [
    "--pgdata=-",
    "--format=tar",
    "--wal-method=fetch",
    "--checkpoint=fast",
    "--no-password",
    "--verbose",
  ];
  const tool = start(tools, ["pg_basebackup", ...options]);
  tool.stdin.end();
  await Promise.all([store(tool.stdout), tool.ended]);
  const said = await tool.ended;
  const [, first] = /start point: (\S+)/.exec(said) ?? [];
  const [, last] = /end point: (\S+)/.exec(said) ?? [];
  if (first === undefined || last === undefined) throw new UserError(`pg_basebackup named no end of its log: ${said}`);
  return { wal: { start: first, end: last } };
}

/**
 * Dumps one database in PostgreSQL's custom form, and counts its rows in the same snapshot.
 * @param store reads the dump to its end
 */
export async function dump(
  tools: Tools,
  session: PsqlSession,
  database: string,
  store: (dump: Readable) => Promise<void>,
): Promise<Record<string, number>> {
  const [snapshot] = await session.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot()");
  // Compressed by us: pg_dump's own compression is many times slower.
  const options = ["--format=custom", "--compress=0", "--no-password", `--snapshot=${snapshot}`];
  const tool = start(tools, ["pg_dump", ...options, database]);
  tool.stdin.end();
  const [rows] = await Promise.all([countRows(session), store(tool.stdout), tool.ended]);
  await session.ask("COMMIT");
  return rows;
}

/** The roles of a cluster without their passwords, as SQL: what a dump needs to stand before it. */
export async function dumpRoles(tools: Tools, store: (sql: Readable) => Promise<void>): Promise<void> {
  const tool = start(tools, ["pg_dumpall", "--roles-only", "--no-role-passwords", "--no-password"]);
  tool.stdin.end();
  await Promise.all([store(tool.stdout), tool.ended]);
}

/** How far a base backup is rolled forward. */
export interface Recovery {
  /** Folder with archived segments of the log, by their names; undefined takes what the base backup brought. */
  wal?: string;
  /** ISO 8601. @default to the end of the log */
  to?: string;
  /** Whether what is written has to be on the disk at the end. */
  durable: boolean;
}

const SOCKET = "/tmp";

/** Unpacks a base backup into the scratch, and compares every file with PostgreSQL's own manifest. */
export async function unpackBase(
  { tools, folder }: Scratch,
  source: (target: Writable) => Promise<void>,
): Promise<void> {
  const tar = start(tools, ["bash", "-euc", 'mkdir -m 0700 "$1"; tar --extract --directory "$1"', "unpack", folder]);
  await feed(tar, source);
  await run(tools, ["pg_verifybackup", "--quiet", folder]);
}

/**
 * Brings the server of a scratch up on what was unpacked, and rolls it forward. It answers the superuser on a socket alone.
 * It goes on in a new timeline, so that what it writes never takes the names of what was archived.
 * @throws UserError with the last lines of its log
 */
export async function recover({ tools, folder }: Scratch, { wal, to, durable }: Recovery): Promise<void> {
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${SOCKET}`,
    "hba_file=/tmp/pg_hba.conf",
    "shared_preload_libraries=",
    "hot_standby=off",
    `fsync=${durable ? "on" : "off"}`,
    `restore_command=${wal === undefined ? "false" : `cp ${wal}/%f %p`}`,
    "recovery_target_timeline=current",
    "recovery_target_action=promote",
    ...(to === undefined
      ? []
      : [
          // Names of time zones, Z among them, are not known yet when it is read.
          `recovery_target_time=${to.replace(/Z$/, "+00")}`,
        ]),
  ];
  const script = `
    set -eu
    data=$1; shift
    echo 'local all all trust' >/tmp/pg_hba.conf
    touch "$data/recovery.signal"
    rm -f "$data"/postmaster.pid
    options=
    for setting; do options="$options -c '$setting'"; done
    fail() { grep -E 'FATAL|ERROR|PANIC' /tmp/postgres.log >&2 || tail -n 5 /tmp/postgres.log >&2; exit 1; }
    pg_ctl --pgdata="$data" --wait --timeout=86400 --silent --log=/tmp/postgres.log --options="$options" start >&2 || fail
    # To pg_ctl it has started as soon as it recovers. It answers when it has been promoted.
    until psql --host=${SOCKET} --username=postgres --dbname=postgres --command='SELECT 1' >/dev/null 2>&1; do
      pg_ctl --pgdata="$data" status >/dev/null || fail
      sleep 0.2
    done`;
  await run(tools, ["bash", "-c", script, "recover", folder, ...settings]).catch((error: Error) => {
    throw new UserError(recoveryWords(error.message, to));
  });
}

function recoveryWords(message: string, to: string | undefined): string {
  if (to !== undefined && /recovery ended before configured recovery target was reached/.test(message)) {
    return `PostgreSQL's archived log ends before ${to}. Choose an earlier time, or the end of the log: --to latest.`;
  }
  return `PostgreSQL could not be brought up on the backup: ${message}`;
}

/** How the tools of a scratch reach its server. */
export function inScratch({ tools }: Scratch): Tools {
  return [...tools, "env", `PGHOST=${SOCKET}`, "PGUSER=postgres"];
}

/** Restores a dump into a new database of a scratch's server. */
export async function restoreDump(
  scratch: Scratch,
  database: string,
  source: (target: Writable) => Promise<void>,
): Promise<void> {
  const tools = inScratch(scratch);
  await run(tools, ["createdb", database]);
  const tool = start(tools, ["pg_restore", "--exit-on-error", `--dbname=${database}`]);
  await feed(tool, source);
}

/** Stops the server of a scratch: what it wrote is whole then. */
export async function stopServer({ tools, folder }: Scratch): Promise<void> {
  await run(tools, ["pg_ctl", `--pgdata=${folder}`, "--mode=fast", "--wait", "--timeout=3600", "--silent", "stop"]);
}
