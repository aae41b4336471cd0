import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeArtefact } from "./artefact.ts";
import type { Manifest } from "./manifest.ts";
import { dumpOplog, oplogStanding, type MongoReader, type Position } from "./mongodb.ts";

/** A slice of the oplog as it is archived: from one entry to another, both in it. */
export interface Slice {
  from: Position;
  to: Position;
  folder: string;
  file: string;
}

/** Where the oplog of one replica set is archived. */
export function oplogFolder(place: string, replicaSetId: string): string {
  return join(place, "oplog", replicaSetId);
}

/** The archived slices of a set, in their order. */
export async function listSlices(place: string, replicaSetId: string): Promise<Slice[]> {
  const folder = oplogFolder(place, replicaSetId);
  const slices = (await readdir(folder).catch(() => [])).flatMap((file): Slice[] => {
    const [, ...numbers] = /^(\d+)\.(\d+)-(\d+)\.(\d+)\.bson\.zst(\.age)?$/.exec(file) ?? [];
    const [t1, i1, t2, i2] = numbers.slice(0, 4).map(Number);
    return numbers.length === 0 ? [] : [{ from: { t: t1!, i: i1! }, to: { t: t2!, i: i2! }, folder, file }];
  });
  return slices.sort((one, other) => compare(one.to, other.to));
}

/**
 * Archives what the oplog has got since the last slice.
 * @returns the last position that is archived now, and whether the chain broke: the server had dropped entries that were
 *   not archived yet, and only a new backup begins a new chain
 */
export async function archiveOplog(
  reader: MongoReader,
  place: string,
  key: string | undefined,
): Promise<{ to: Position; broken: boolean }> {
  const { oplog: to, oplogStart, replicaSetId } = await oplogStanding(reader);
  const folder = oplogFolder(place, replicaSetId);
  const last = (await listSlices(place, replicaSetId)).at(-1)?.to;
  const broken = last !== undefined && compare(last, oplogStart) < 0;
  const from = last === undefined || broken ? oplogStart : last;
  if (last !== undefined && compare(last, to) === 0) return { to, broken };
  const name = `${from.t}.${from.i}-${to.t}.${to.i}.bson`;
  const work = join(folder, `${name}.unfinished`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  let file = "";
  await dumpOplog(reader, from, to, async (entries) => {
    file = (await writeArtefact(work, name, entries, key)).name;
  });
  await rename(join(work, file), join(folder, file));
  await rm(work, { recursive: true });
  return { to, broken };
}

/**
 * The slices that bring a dump to a time.
 * @param to ISO 8601 @default to the end
 * @returns with them the time at which the archive ends, or has a gap, before that; undefined where they lead there
 */
export async function slicesTo(
  place: string,
  { replicaSetId, oplog }: Manifest["mongodb"],
  to?: string,
): Promise<{ slices: Slice[]; end: string | undefined }> {
  const wanted = to === undefined ? Infinity : Math.ceil(Date.parse(to) / 1000);
  const slices: Slice[] = [];
  let reached = oplog;
  let hasGap = false;
  for (const slice of await listSlices(place, replicaSetId)) {
    if (reached.t >= wanted) break;
    if (compare(slice.to, reached) <= 0) continue;
    hasGap = compare(slice.from, reached) > 0;
    if (hasGap) break;
    slices.push(slice);
    reached = slice.to;
  }
  const isThere = to === undefined ? !hasGap : reached.t >= wanted;
  return { slices, end: isThere ? undefined : new Date(reached.t * 1000).toISOString() };
}

/** Removes slices that no remaining backup needs; those of a set without one when they are older than all that remain. */
export async function pruneOplog(place: string, remaining: readonly Manifest[]): Promise<void> {
  if (remaining.length === 0) return;
  const began = Math.min(...remaining.map(({ startedAt }) => Date.parse(startedAt) / 1000));
  for (const id of await readdir(join(place, "oplog")).catch(() => [])) {
    const own = remaining.flatMap(({ mongodb }) => (mongodb.replicaSetId === id ? [mongodb.oplog] : [])).sort(compare);
    const oldest = own[0] ?? { t: began, i: 0 };
    for (const { folder, file, to } of await listSlices(place, id)) {
      if (compare(to, oldest) < 0) await rm(join(folder, file));
    }
  }
}

export function compare(one: Position, other: Position): number {
  return one.t - other.t || one.i - other.i;
}
