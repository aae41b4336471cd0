import type { Backup } from "./catalog.ts";

/** How long backups stay. */
export interface Retention {
  /** So many of the newest proven ones stay whatever their age. */
  count: number;
  /** Younger ones stay whatever their number. In days. */
  days: number;
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * The backups that may go. None goes while no newer one is proven, and none that is marked to be kept.
 * @param backups the newest first
 */
export function expired(backups: readonly Backup[], { count, days }: Retention, now: Date): Backup[] {
  const proven = backups.filter(({ state }) => state === "proven");
  const newest = backups.indexOf(proven[0]!);
  if (newest === -1) return [];
  const staying = new Set(proven.slice(0, Math.max(1, count)));
  return backups
    .slice(newest + 1)
    .filter((backup) => !staying.has(backup) && !backup.kept && ageOf(backup, now) > days * DAY);
}

function ageOf({ name }: Backup, now: Date): number {
  return now.getTime() - timeOf(name).getTime();
}

/** The time that a backup's name stands for. */
export function timeOf(name: string): Date {
  return new Date(name.replace(/T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z$/, "T$1:$2:$3.$4Z"));
}
