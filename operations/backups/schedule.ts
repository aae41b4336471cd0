import { Cron } from "croner";
import { setTimeout as sleep } from "node:timers/promises";
import { listBackups } from "./catalog.ts";
import { Health } from "./health.ts";
import { archiveOplog, pruneOplog } from "./oplog.ts";
import { proveBackup } from "./prove.ts";
import { expired, type Retention } from "./retention.ts";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { OpenScratch } from "./scratch.ts";
import { LOG, streamLog } from "./streamLog.ts";
import { takeBackup, type BackupSource } from "./take.ts";
import { pruneWal } from "./wal.ts";

/** What a backup container does, for as long as it runs. */
export interface Schedule {
  source: BackupSource;
  place: string;
  /** When backups begin: a cron expression, in UTC. */
  cron: string;
  retention: Retention;
  openScratch: OpenScratch;
  health: Health;
  tell: (sentence: string) => void;
}

/** A part of the work, as the health names it. */
const OPLOG = "MongoDB's oplog";

/** Seconds between two slices of the oplog: what of MongoDB is lost at most with its server. */
const OPLOG_EVERY = 30;

/** Seconds until a backup that failed is tried again: doubled after each failure, from a minute to an hour. */
const RETRY_AFTER = { least: 60, most: 3600 };

/** Runs until the signal: streams the log, slices the oplog, takes, proves and removes backups. */
export async function keepBackups(schedule: Schedule, signal: AbortSignal): Promise<void> {
  const { source, place, health, tell } = schedule;
  let isDue = false;
  let retryAfter = RETRY_AFTER.least;
  const cron = new Cron(schedule.cron, { timezone: "UTC" }, () => void (isDue = true));
  signal.addEventListener("abort", () => cron.stop());
  tell(`next backup at ${cron.nextRun()?.toISOString()}`);
  let missed = cron.previousRuns(1)[0];
  let retry: NodeJS.Timeout | undefined;
  // What was archived is of no use without a backup that it follows.
  const onNewChain = (what: string) => {
    tell(`${what}: a backup begins now`);
    isDue = true;
  };
  await Promise.all([
    repeat(5, signal, () => health.watch(LOG, () => streamLog(source, place, signal, health, onNewChain))),
    repeat(OPLOG_EVERY, signal, () =>
      health.watch(OPLOG, async () => {
        const { broken } = await archiveOplog(source.mongodb, place, source.key);
        if (broken) onNewChain("MongoDB dropped a part of its oplog before it was archived");
      }),
    ),
    repeat(1, signal, async () => {
      // Before both servers answer, nothing can be made up for.
      if (missed && health.works(LOG) && health.works(OPLOG)) {
        if (await isMissing(place, missed)) {
          tell(`no backup was proven since ${missed.toISOString()}: one begins now`);
          isDue = true;
        }
        missed = undefined;
      }
      if (!isDue) return;
      isDue = false;
      try {
        await health.watch("backup", () => backUpAndPrune(schedule));
        retryAfter = RETRY_AFTER.least;
        clearTimeout(retry);
      } catch {
        if (signal.aborted) return;
        // It stands in the health, and in the log, until one succeeds.
        tell(`backup: tried again in ${retryAfter} s`);
        retry = setTimeout(() => (isDue = true), retryAfter * 1000).unref();
        retryAfter = Math.min(2 * retryAfter, RETRY_AFTER.most);
      }
    }),
  ]);
}

/** Whether this container did not run at a time of the schedule, or was stopped before it succeeded. */
async function isMissing(place: string, time: Date): Promise<boolean> {
  const newest = (await listBackups(place)).find(({ state }) => state === "proven");
  // Where there is none at all, the stream of the log tells.
  return newest !== undefined && newest.manifest!.startedAt < time.toISOString();
}

async function backUpAndPrune({ source, place, openScratch, retention, tell }: Schedule): Promise<void> {
  const name = await takeBackup(source, place, tell);
  tell(`backup ${name} is whole; proving it`);
  const { restoreSeconds } = await proveBackup(join(place, name), source.key, openScratch);
  tell(`backup ${name} is proven; it was restored in ${restoreSeconds.toFixed(1)} s`);
  await prune(place, retention, tell);
}

/** Removes what has expired, and the log and oplog that nothing needs any more. */
export async function prune(place: string, retention: Retention, tell: (sentence: string) => void): Promise<void> {
  const backups = await listBackups(place);
  const gone = expired(backups, retention, new Date());
  for (const { folder, name } of gone) {
    await rm(folder, { recursive: true });
    tell(`removed the backup ${name}`);
  }
  const remaining = backups.filter((backup) => !gone.includes(backup));
  // Nobody knows what one needs whose manifest can't be read.
  if (remaining.some(({ manifest }) => manifest === undefined)) return;
  const manifests = remaining.map(({ manifest }) => manifest!);
  await pruneWal(place, manifests);
  await pruneOplog(place, manifests);
}

/** Does something again and again until the signal, with a pause after each end. What fails is tried again. */
async function repeat(seconds: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await act().catch(() => {});
    await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
  }
}
