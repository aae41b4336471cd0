import type { Backup } from "./catalog.ts";
import { slicesTo, type Slice } from "./oplog.ts";
import { Unfit } from "./unfit.ts";
import { historyFiles, walAfter } from "./wal.ts";

/** Takes the place of a time: to the end of the archived log and oplog. */
export const LATEST = "latest";

/** What of the archives a restore replays. */
export interface Logs {
  /** Files of PostgreSQL's log, in their order. */
  wal: { folder: string; file: string }[];
  /** What to say where a segment is missing behind them. */
  gap: string | undefined;
  /** Slices of MongoDB's oplog, in their order. */
  oplog: Slice[];
}

/** @throws Unfit where the archives do not lead to the time that is wanted, as far as that can be known before */
export async function chooseLogs(place: string, backup: Backup, to: string | undefined): Promise<Logs> {
  const { postgresql } = backup.manifest!;
  // Whatever is replayed, the new timeline must not get the number of one that was archived.
  const histories = await historyFiles(place, postgresql);
  if (to === undefined) return { wal: histories, gap: undefined, oplog: [] };
  const { segments, missing } = await walAfter(place, postgresql);
  const gap = missing && gapWords(`The segment ${missing} of PostgreSQL's archived log is missing`, backup.name, to);
  if (gap !== undefined && to === LATEST) throw new Unfit(gap);
  return { wal: [...histories, ...segments], gap, oplog: await chooseOplog(place, backup, to) };
}

/** Whether a backup was not whole yet at a time: it can be rolled forward, and not back. */
export function isAfter({ manifest }: Backup, time: string | undefined): boolean {
  return manifest !== undefined && time !== undefined && time !== LATEST && manifest.endedAt > time;
}

async function chooseOplog(place: string, { name, manifest }: Backup, to: string): Promise<Slice[]> {
  const { slices, end } = await slicesTo(place, manifest!.mongodb, to === LATEST ? undefined : to);
  if (end === undefined) return slices;
  throw new Unfit(
    `MongoDB's archived oplog ends, or has a gap, at ${end}, and nothing leads from the backup ${name} to ${to}. ` +
      "Choose a time before that, or a backup after the gap.",
  );
}

/** @param fault of a file of the archives, as the beginning of a sentence @param name of the backup */
export function gapWords(fault: string, name: string, to: string): string {
  return `${fault}, and without it nothing leads from the backup ${name} to ${to}. Choose a time before it, or a backup after it.`;
}
