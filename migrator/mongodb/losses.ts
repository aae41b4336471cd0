import type { Collection, CountDocumentsOptions, Db, Document } from "mongodb";
import { counted } from "../errors.ts";
import { commandName } from "./checks.ts";
import { removedBy } from "./updates.ts";

/** What these commands would take away that can't be had again, each in words: "1,204 documents of runs". */
export async function lossesOf(database: Db, commands: readonly Document[]): Promise<string[]> {
  // A view holds nothing of its own.
  const collections = await database.listCollections({ type: { $ne: "view" } }, { nameOnly: false }).toArray();
  const existing = new Map(collections.map(({ name, options = {} }) => [name, options]));
  /** Which collection of today is meant by a name that an earlier command gives. */
  const today = new Map<string, string>();
  const losses: string[] = [];
  for (const command of commands) {
    const name = commandName(command)!;
    const spoken: string = command[name];
    const collection = today.get(spoken) ?? spoken;
    if (name === "renameCollection") today.set(command.to, collection);
    const options = existing.get(collection);
    if (options && readers[name]) {
      losses.push(...(await readers[name](database.collection(collection), command, spoken, options)));
    }
  }
  return losses;
}

/**
 * @param spoken what the command calls the collection.
 * @param options those of the collection today.
 */
type Reader = (collection: Collection, command: Document, spoken: string, options: Document) => Promise<string[]>;

const readers: Record<string, Reader> = {
  drop: async (collection, _, spoken) => some(await collection.countDocuments(), "document", `of ${spoken}`),
  delete: (collection, { deletes, let: variables }, spoken) =>
    each(deletes, async (entry: Document) =>
      some(await count(collection, entry, {}, entry.limit === 1, variables), "document", `of ${spoken}`),
    ),
  update: (collection, { updates, let: variables }, spoken) =>
    each(updates, async (entry: Document) => {
      const { unset, renamed, rewriter } = removedBy(entry.u);
      const found = (filter: Document) => count(collection, entry, filter, entry.multi !== true, variables);
      if (rewriter) return some(await found({}), "document", `of ${spoken}, rewritten by ${rewriter}`);
      const fields = [...unset.map((field) => [field]), ...renamed];
      return each(fields, async (held) =>
        some(await found({ $and: held.map(exists) }), "value", `of field ${held.at(-1)} of ${spoken}`),
      );
    }),
  createIndexes: (collection, { indexes }, spoken) =>
    each(indexes, (index: Document) => expiring(collection, index, spoken)),
  collMod: async (collection, { index, cappedSize, cappedMax, expireAfterSeconds: seconds }, spoken, options) => [
    ...(index ? await expiring(collection, index, spoken) : []),
    ...(cappedSize < options["size"] ? [`the oldest documents of ${spoken} beyond ${cappedSize} bytes`] : []),
    ...(cappedMax > 0 ? some((await collection.countDocuments()) - cappedMax, "document", `of ${spoken}`) : []),
    ...(seconds < (options["expireAfterSeconds"] ?? Infinity)
      ? some(await collection.countDocuments(), "document", `of ${spoken} ${seconds} seconds after their time`)
      : []),
  ],
};

/** What an index deletes from now on, unless it is there today and keeps documents no longer than that. */
async function expiring(collection: Collection, index: Document, spoken: string): Promise<string[]> {
  const { expireAfterSeconds: seconds, name, key, keyPattern } = index;
  if (seconds === undefined || seconds === "off") return [];
  const wanted = JSON.stringify(key ?? keyPattern);
  const known = (await collection.indexes()).find((one) => one.name === name || JSON.stringify(one.key) === wanted);
  if ((known?.expireAfterSeconds ?? Infinity) <= seconds) return [];
  const [field = "_id"] = Object.keys(known?.key ?? key ?? {});
  const dated = await collection.countDocuments({ [field]: { $type: "date" } });
  return some(dated, "document", `of ${spoken} ${seconds} seconds after ${field}`);
}

/** A path as filters have it: without the signs for the items of an array. */
const exists = (path: string) => ({ [path.replaceAll(/\.\$(\[\w*\])?/g, "")]: { $exists: true } });

/**
 * How many documents an entry of `update` or `delete` means. They are counted one by one: the number that the server
 * keeps can be wrong after a crash.
 */
function count(
  collection: Collection,
  { q, collation, hint }: Document,
  filter: Document,
  isOne: boolean,
  variables?: Document,
): Promise<number> {
  const options: CountDocumentsOptions = {
    ...(isOne && { limit: 1 }),
    ...(collation && { collation }),
    ...(hint && { hint }),
    ...(variables && { let: variables }),
  };
  return collection.countDocuments({ $and: [q, filter] }, options);
}

function some(number: number, noun: string, what: string): string[] {
  return number > 0 ? [`${counted(number, noun)} ${what}`] : [];
}

async function each<T>(entries: readonly T[], read: (entry: T) => Promise<string[]>): Promise<string[]> {
  return (await Promise.all(entries.map(read))).flat();
}
