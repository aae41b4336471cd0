import { mkdir, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../errors.ts";
import { listBackups } from "./catalog.ts";
import type { Health } from "./health.ts";
import { clusterFacts } from "./postgresql.ts";
import type { BackupSource } from "./take.ts";
import { PsqlSession, run, start, type Tools } from "./tools.ts";
import { archiveSegments, endChain, incomingFolder, walFolder } from "./wal.ts";

/** A part of the work, as the health names it. */
export const LOG = "PostgreSQL's log";
/** The slot keeps the log on the server until it is here, or until the server's max_slot_wal_keep_size. */
const SLOT = "trading_backup";
/** Seconds between two looks for whole segments. */
const ARCHIVE_EVERY = 5;
/** Seconds in which a server that works has answered. */
const ANSWER_WITHIN = 30;
/**
 * Commits nothing but its time. A recovery to a time ends at the first commit after it, and is refused where the log has
 * none: a database in which nobody writes could be brought to no time since its last change.
 */
const BEAT = "SELECT pg_logical_emit_message(true, 'trading-db', 'beat')";

/**
 * Streams PostgreSQL's log into the place until the stream ends, and archives each whole segment.
 * @param onNewChain called where nothing that is archived leads to what comes now
 * @throws UserError with what ended the stream
 */
export async function streamLog(
  { postgresql: { tools, database }, key }: BackupSource,
  place: string,
  signal: AbortSignal,
  health: Health,
  onNewChain: (reason: string) => void,
): Promise<void> {
  const session = new PsqlSession(tools, database);
  const cluster = await clusterFacts(session);
  const lost = await session.ask(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${SLOT}' AND wal_status = 'lost'`,
  );
  const kept = await session.ask(`SELECT slot_name FROM pg_replication_slots WHERE slot_name = '${SLOT}'`);
  await session.end();
  const incoming = incomingFolder(place, cluster);
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  // Without its slot the server has not waited: pg_receivewal would ask for ever for what follows the last file here.
  if (kept.length === 0 && (await readdir(incoming)).length > 0) {
    await endChain(place, cluster, key);
    const dropped = lost.length > 0 ? "a part of its log before it was archived" : "the slot that kept its log";
    onNewChain(`PostgreSQL dropped ${dropped}`);
  }
  const receiver = ["pg_receivewal", `--directory=${incoming}`, `--slot=${SLOT}`, "--no-password"];
  await run(tools, [...receiver, "--create-slot", "--if-not-exists"]);
  const backups = await listBackups(place);
  const isFollowed = backups.some(
    ({ state, manifest }) =>
      state !== "damaged" && manifest && walFolder(place, manifest.postgresql) === walFolder(place, cluster),
  );
  if (!isFollowed) onNewChain(`there is no backup of timeline ${cluster.timeline} yet`);

  const stream = start(tools, [...receiver, "--no-loop"]);
  const stop = () => stream.kill();
  signal.addEventListener("abort", stop);
  try {
    let isOver = false;
    const ended = stream.ended.finally(() => (isOver = true));
    await Promise.race([ended, sleep(1000)]);
    while (!isOver) {
      await Promise.race([ended, beat(tools, database)]);
      await archiveSegments(place, cluster, key);
      await health.set(LOG, undefined);
      await Promise.race([ended, sleep(ARCHIVE_EVERY * 1000)]);
    }
    await ended;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** @throws UserError where the server stands still, of which the stream tells nothing */
async function beat(tools: Tools, database: string): Promise<void> {
  const beating = run(tools, ["psql", "-XqAt", `--dbname=${database}`, `--command=${BEAT}`]);
  const answer = await Promise.race([beating, sleep(ANSWER_WITHIN * 1000, undefined, { ref: false })]);
  if (answer === undefined) throw new UserError(`PostgreSQL has not answered for ${ANSWER_WITHIN} s.`);
}
