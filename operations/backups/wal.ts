import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeArtefact } from "./artefact.ts";
import type { Manifest } from "./manifest.ts";

/** A segment of PostgreSQL's log, in bytes: the size that every cluster has unless initdb was told otherwise. */
const SEGMENT = 16 * 1024 * 1024;
const PARTIAL = ".partial";
const INCOMING = "incoming";

type Cluster = Pick<Manifest["postgresql"], "systemIdentifier" | "timeline">;

/** Where the log of one timeline of one cluster is archived. Another one never meets its names. */
export function walFolder(place: string, { systemIdentifier, timeline }: Cluster): string {
  return join(place, "wal", `${systemIdentifier}-${timeline}`);
}

/** Where pg_receivewal writes, before whole segments are compressed into the folder above it. */
export function incomingFolder(place: string, cluster: Cluster): string {
  return join(walFolder(place, cluster), INCOMING);
}

/** Moves whole segments, and history files, from where they came in into the archive. */
export async function archiveSegments(place: string, cluster: Cluster, key: string | undefined): Promise<void> {
  const incoming = incomingFolder(place, cluster);
  const archive = walFolder(place, cluster);
  const whole = (await readdir(incoming)).filter((name) => isLogFile(name)).sort();
  for (const name of whole) {
    const work = join(archive, `${name}.unfinished`);
    await rm(work, { recursive: true, force: true });
    await mkdir(work);
    const { name: file } = await writeArtefact(work, name, createReadStream(join(incoming, name)), key);
    await rename(join(work, file), join(archive, file));
    await rm(work, { recursive: true });
    await rm(join(incoming, name));
  }
}

/** Archives what has come in to its last byte: pg_receivewal would ask for what follows it, which is gone. */
export async function endChain(place: string, cluster: Cluster, key: string | undefined): Promise<void> {
  await archiveSegments(place, cluster, key);
  const incoming = incomingFolder(place, cluster);
  for (const file of await readdir(incoming)) await rename(join(incoming, file), join(walFolder(place, cluster), file));
}

/** What of the log can be replayed on a base backup. */
export interface WalChain {
  /** Files of segments in their order, without a gap; the last one may be of the segment that is still written. */
  segments: { name: string; folder: string; file: string }[];
  /** The first segment that is missing before a later one; undefined where there is no gap. */
  missing: string | undefined;
}

/** Finds the archived log that follows a base backup. What the backup needs to be consistent it has itself. */
export async function walAfter(place: string, backup: Manifest["postgresql"]): Promise<WalChain> {
  const archive = walFolder(place, backup);
  const incoming = incomingFolder(place, backup);
  const found = new Map<string, WalChain["segments"][number]>();
  const add = (folder: string, file: string) => {
    const name = nameOfLogFile(file);
    // What a chain that ended left of a segment may come in once more, whole.
    if (isLogFile(name) && !(found.has(name) && file.includes(PARTIAL))) found.set(name, { name, folder, file });
  };
  // In the order in which a segment moves: one that does so now is found twice, and the archived one counts.
  for (const folder of [incoming, archive]) {
    for (const file of await readdir(folder).catch(() => [])) add(folder, file);
  }
  const names = [...found.keys()].filter(isSegment).sort();
  const segments: WalChain["segments"] = [];
  let next = segmentNumber(backup.wal.end) + 1;
  for (; found.has(segmentName(backup.timeline, next)); next++) {
    segments.push(found.get(segmentName(backup.timeline, next))!);
  }
  const missing = segmentName(backup.timeline, next);
  return { segments, missing: names.some((name) => name > missing) ? missing : undefined };
}

/** The files that say which timelines there are: a recovery chooses a number that none of them has. */
export async function historyFiles(
  place: string,
  { systemIdentifier }: Cluster,
): Promise<{ folder: string; file: string }[]> {
  const root = join(place, "wal");
  const folders = (await readdir(root).catch(() => [])).filter((name) => name.startsWith(`${systemIdentifier}-`));
  const files = folders.map(async (name) => {
    const folder = join(root, name);
    return (await readdir(folder))
      .filter((file) => /\.history(\.zst)?(\.age)?$/.test(file))
      .map((file) => ({ folder, file }));
  });
  return (await Promise.all(files)).flat();
}

/**
 * Removes archived segments that no remaining backup needs. A chain is shortened at its old end alone. One that follows no
 * remaining backup goes when it ended before all of them began: until then, a backup of it may be under way. History files
 * stay: no new timeline may get the number of an old one.
 */
export async function pruneWal(place: string, remaining: readonly Manifest[]): Promise<void> {
  const root = join(place, "wal");
  const began = Math.min(...remaining.map(({ startedAt }) => Date.parse(startedAt)));
  for (const name of await readdir(root).catch(() => [])) {
    const archive = join(root, name);
    const incoming = join(archive, INCOMING);
    const own = remaining.filter(({ postgresql }) => walFolder(place, postgresql) === archive);
    const starts = own.map(({ postgresql }) => segmentName(postgresql.timeline, segmentNumber(postgresql.wal.start)));
    const [oldest] = starts.sort();
    if (oldest !== undefined) await removeSegments(archive, (segment) => segment < oldest);
    else if (remaining.length > 0 && (await stat(incoming)).mtimeMs < began) {
      for (const folder of [archive, incoming]) await removeSegments(folder, () => true);
    }
  }
}

async function removeSegments(folder: string, isOld: (segment: string) => boolean): Promise<void> {
  for (const file of await readdir(folder)) {
    const segment = file.slice(0, 24);
    if (isSegment(segment) && isOld(segment)) await rm(join(folder, file), { recursive: true });
  }
}

/** The number of the segment that holds the byte before a position such as `0/3000138`. */
export function segmentNumber(position: string): number {
  const [high, low] = position.split("/").map((part) => BigInt(`0x${part}`)) as [bigint, bigint];
  return Number(((high << 32n) + low - 1n) / BigInt(SEGMENT));
}

/** Such as `00000001000000000000000A`: timeline, then the number in two parts. */
export function segmentName(timeline: number, number: number): string {
  const perLog = 2 ** 32 / SEGMENT;
  const parts = [timeline, Math.floor(number / perLog), number % perLog];
  return parts.map((part) => part.toString(16).toUpperCase().padStart(8, "0")).join("");
}

/** What the server calls a file that came in or is archived. */
export function nameOfLogFile(file: string): string {
  return file.replace(/(\.zst)?(\.age)?$/, "").replace(PARTIAL, "");
}

function isSegment(name: string): boolean {
  return /^[0-9A-F]{24}$/.test(name);
}

function isLogFile(name: string): boolean {
  return isSegment(name) || /^[0-9A-F]{8}\.history$/.test(name);
}
