import type { Db, Document } from "mongodb";
import { counted } from "../errors.ts";
import { commandName } from "./steps.ts";

/** What these commands would take away that can't be had again, each in words: "1,204 documents of runs". */
export async function lossesOf(database: Db, commands: readonly Document[]): Promise<string[]> {
  const collections = await database.listCollections({ type: "collection" }, { nameOnly: true }).toArray();
  const existing = new Set(collections.map(({ name }) => name));
  /** Which collection of today is meant by a name that an earlier command gives. */
  const today = new Map<string, string>();
  const losses: string[] = [];
  for (const command of commands) {
    const name = commandName(command)!;
    const spoken: string = command[name];
    const collection = today.get(spoken) ?? spoken;
    if (name === "renameCollection") today.set(command.to, collection);
    // A view holds nothing of its own.
    if (!existing.has(collection)) continue;
    const lost = name === "drop" ? await count(database, collection, {}) : 0;
    const deletes: Document[] = name === "delete" ? command.deletes : [];
    for (const number of [lost, ...(await Promise.all(deletes.map((entry) => deleted(database, collection, entry))))]) {
      if (number > 0) losses.push(`${counted(number, "document")} of ${spoken}`);
    }
  }
  return losses;
}

function deleted(database: Db, collection: string, { q, limit, collation, hint }: Document): Promise<number> {
  return count(database, collection, q, {
    ...(limit === 1 && { limit: 1 }),
    ...(collation && { collation }),
    ...(hint && { hint }),
  });
}

/** Counted one by one: the number that the server keeps can be wrong after a crash. */
function count(database: Db, collection: string, filter: Document, options: Document = {}): Promise<number> {
  return database.collection(collection).countDocuments(filter, options);
}
