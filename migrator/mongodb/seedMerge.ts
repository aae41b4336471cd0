import { createHash } from "node:crypto";
import { BSON, type ClientSession, type Collection, type Document } from "mongodb";
import { listed } from "../errors.ts";
import { overwriteCommand } from "../leftAsIs.ts";

/** Hash of the content of each document, by its `_id` in Extended JSON. */
export type Hashes = Record<string, string>;

export interface Merge {
  /** Of the file, with its set: `dev/0001_runs.json`. */
  name: string;
  /** What the file has now. */
  documents: readonly Document[];
  /** What was seeded from the file before; undefined where nobody noted it. */
  before: Hashes | undefined;
  /** What the database has of both. */
  current: Hashes;
  /** Whether the file wins over what users changed. */
  overwrite: boolean;
}

export interface MergePlan {
  writes: { document: Document; isNew: boolean }[];
  /** What is seeded from the file after it, by whatever edit of it: the `before` of the next one. */
  after: Hashes;
  /** What is left as it is though the file says otherwise, in words. */
  left: string[];
}

/**
 * Merges three ways: what was seeded, what the file says now, what the database has. A document that is as it was
 * seeded follows the file. One that a user changed or deleted stays so; one that the file dropped stays, too.
 */
export function mergePlan({ name, documents, before, current, overwrite }: Merge): MergePlan {
  const plan: MergePlan = { writes: [], after: {}, left: [] };
  const changed: string[] = [];
  const deleted: string[] = [];
  for (const document of documents) {
    const id = idKey(document._id);
    const seeded = before?.[id];
    const wanted = contentHash(document);
    const found = current[id];
    const take = (isNew: boolean) => {
      plan.writes.push({ document, isNew });
      plan.after[id] = wanted;
    };
    if (found === wanted) plan.after[id] = wanted;
    else if (found === undefined && (overwrite || seeded === undefined)) take(true);
    else if (found !== undefined && (overwrite || found === seeded)) take(false);
    else {
      // It still counts as seeded: should the user take the change back, the file is followed again.
      if (seeded !== undefined) plan.after[id] = seeded;
      // Where the file says what it always said, nobody wants anything else than the user has.
      if (seeded !== wanted) (found === undefined ? deleted : changed).push(id);
    }
  }
  const inFile = new Set(documents.map(({ _id }) => idKey(_id)));
  const dropped = Object.keys(before ?? {}).filter((id) => !inFile.has(id) && id in current);
  // They still count as seeded: should the file bring one back, it is followed again.
  for (const id of dropped) plan.after[id] = before![id]!;
  const asUsersMade = before
    ? `left as users made ${one(changed, "it", "them")}`
    : "left, because an earlier release did not note what it seeded";
  if (changed.length > 0) plan.left.push(`${naming(changed)} ${asUsersMade}`);
  if (deleted.length > 0)
    plan.left.push(`${naming(deleted)} left out, because users deleted ${one(deleted, "it", "them")}`);
  if (plan.left.length > 0) plan.left.push(`with ${overwriteCommand(name)} the file wins`);
  if (dropped.length > 0)
    plan.left.push(`${naming(dropped)} left, though the file no longer has ${one(dropped, "it", "them")}`);
  return plan;
}

/** What makes an `_id` the same: its type and its value. */
export function idKey(id: unknown): string {
  return BSON.EJSON.stringify(id, { relaxed: false });
}

/**
 * SHA-256 in hex over what a document says. The types of its values count; the order of its fields does not, because
 * the server and its tools change it.
 */
export function contentHash(document: Document): string {
  // Through BSON, so that a document of a file and one from the server have passed the same ways.
  const typed = BSON.deserialize(BSON.serialize(document), { promoteValues: false, bsonRegExp: true });
  const text = JSON.stringify(BSON.EJSON.serialize(typed, { relaxed: false }), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(text).digest("hex");
}

/** The hashes of those of these documents that are there. */
export async function currentOf(target: Collection, ids: unknown[], session?: ClientSession): Promise<Hashes> {
  const found = target.find(
    { _id: { $in: ids as never[] } },
    { session, promoteValues: false, bsonRegExp: true, promoteLongs: false },
  );
  const hashes: Hashes = {};
  for await (const document of found) hashes[idKey(document._id)] = contentHash(document);
  return hashes;
}

/** `"a", "b" and "c" are`; of many only the first. */
function naming(ids: string[]): string {
  const named = ids.length > 5 ? [...ids.slice(0, 4), `${ids.length - 4} more`] : ids;
  return `${listed(named)} ${one(ids, "is", "are")}`;
}

const one = (ids: string[], single: string, many: string) => (ids.length === 1 ? single : many);
