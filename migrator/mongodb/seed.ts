import { MongoBulkWriteError, BSON, type ClientSession, type Db, type Document } from "mongodb";
import { MigrationError, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";

export interface Seed {
  collection: string;
  documents: Document[];
}

/**
 * Reads a seed: `{ "collection": "...", "documents": [...] }` in Extended JSON, whose numbers keep their BSON types.
 * @throws MigrationError for text that isn't that, or a document without the `_id` that makes it the same at each run.
 */
export function parseSeed(file: SourceFile): Seed {
  const refuse = (reason: string, cause?: unknown) =>
    new MigrationError(
      `${file.path} ${reason}. A seed is { "collection": "...", "documents": [...] } in Extended JSON, ` +
        `and each document has an _id of its own.`,
      { migration: file.name, cause },
    );
  let seed: Partial<Seed>;
  try {
    seed = BSON.EJSON.parse(file.text, { relaxed: false });
  } catch (cause) {
    throw refuse(`is not Extended JSON (${messageOf(cause)})`, cause);
  }
  const { collection, documents } = seed ?? {};
  if (typeof collection !== "string" || !Array.isArray(documents)) throw refuse("is not a seed");
  const nameless = documents.findIndex((document) => document?._id === undefined);
  if (nameless >= 0) throw refuse(`has a document ${nameless + 1} without an _id`);
  return { collection, documents };
}

/**
 * Inserts those documents of a seed whose `_id` is not there yet.
 * @param session of the transaction that also holds the ledger row.
 * @throws MigrationError for a collection that does not exist, and for a document that breaks its rules.
 */
export async function insertSeed(database: Db, seed: Seed, session: ClientSession): Promise<void> {
  const { collection, documents } = seed;
  // To make the collection here would leave it without validator and indexes.
  if (!(await database.listCollections({ name: collection }, { nameOnly: true }).hasNext())) {
    throw new MigrationError(`${database.databaseName} has no collection "${collection}"`);
  }
  const target = database.collection(collection);
  const ids = documents.map(({ _id }) => _id);
  const present = await target.find({ _id: { $in: ids } }, { session, projection: { _id: 1 } }).toArray();
  const taken = new Set(present.map(({ _id }) => BSON.EJSON.stringify(_id)));
  const absent = documents.filter(({ _id }) => !taken.has(BSON.EJSON.stringify(_id)));
  if (absent.length === 0) return;
  try {
    await target.insertMany(absent, { session });
  } catch (cause) {
    const [failed] = cause instanceof MongoBulkWriteError ? [cause.writeErrors].flat() : [];
    if (!failed) throw cause;
    const id = BSON.EJSON.stringify(absent[failed.index]?._id);
    const rules = failed.err.errInfo?.details?.schemaRulesNotSatisfied;
    const why = rules ? ` ${JSON.stringify(rules)}` : "";
    throw new MigrationError(`document with _id ${id}: ${failed.errmsg}${why}`, { cause });
  }
}
