import type { ClientSession, Db, Document } from "mongodb";
import { BSON } from "mongodb";
import { MigrationError, messageOf } from "../errors.ts";
import type { Lease } from "./lease.ts";
import { seedNdjson } from "./seedNdjson.ts";
import { refusedDocument, seedFailure, SeedRefused } from "./seedFailure.ts";
import { currentOf, idKey, mergePlan, type Hashes } from "./seedMerge.ts";
import type { SourceFile } from "../types.ts";

export interface Seed {
  collection: string;
  documents: Document[];
}

export interface MongoSeedRequest {
  database: Db;
  /** The database NAME_ledger. */
  ledger: Db;
  file: SourceFile;
  /** Whether the ledger has the file already: then it was edited since. */
  known: boolean;
  /** Whether the file wins over what users changed. */
  overwrite: boolean;
  /** Gets one sentence about each 5 s of a bulk seed. */
  tell: (sentence: string) => void;
  /** Runs work in one transaction, which fails when the lease is no longer held. */
  fenced: <T>(work: (session: ClientSession) => Promise<T>) => Promise<T>;
  /** What is not in a transaction is found by its comment at a takeover. */
  lease: Pick<Lease, "assertHeld" | "comment">;
}

export interface SeedRow {
  /** Name of the file. */
  _id: string;
  checksum: string;
  appliedAt: Date;
  /** What was seeded, by `_id` in Extended JSON. Rows of releases that knew no merge have none. */
  documents?: Hashes;
}

/**
 * Seeds one file. `NNNN_name.json` is merged by `_id` in one transaction with its ledger row: see seedMerge.ts.
 * `NNNN_name.ndjson` is streamed: see seedNdjson.ts.
 * @returns `left`: a sentence on what was left as users made it.
 * @throws ApplyFailure, or Disconnected when nobody knows what came of it; and what `fenced` and the lease throw.
 */
export async function seedMongo(request: MongoSeedRequest): Promise<{ left?: string }> {
  const { file } = request;
  try {
    if (file.name.endsWith(".ndjson")) return await seedNdjson(request);
    return await seedDocuments(request, parseSeed(file));
  } catch (error) {
    throw seedFailure(file, error);
  }
}

/**
 * Reads a seed: `{ "collection": "...", "documents": [...] }` in Extended JSON, whose numbers keep their BSON types.
 * @throws MigrationError for text that isn't that, or a document without an `_id` of its own that makes it the same at each run.
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
  const seen = new Set<string>();
  for (const id of documents.map(({ _id }) => idKey(_id))) {
    if (seen.has(id)) throw refuse(`has two documents with the _id ${id}`);
    seen.add(id);
  }
  return { collection, documents };
}

async function seedDocuments(request: MongoSeedRequest, { collection, documents }: Seed): Promise<{ left?: string }> {
  const { database, ledger, file, known, overwrite, tell, fenced } = request;
  await requireCollection(database, collection);
  const target = database.collection(collection);
  const rows = ledger.collection<SeedRow>("seeds");
  const told = await fenced(async (session) => {
    const row = known ? await rows.findOne({ _id: file.name }, { session }) : null;
    const before = row ? row.documents : {};
    const dropped = Object.keys(before ?? {}).map((key) => BSON.EJSON.parse(key, { relaxed: false }));
    const current = await currentOf(target, [...documents.map(({ _id }) => _id), ...dropped], session);
    const plan = mergePlan({ name: file.name, documents, before, current, overwrite });
    const operations = plan.writes.map(({ document, isNew }) =>
      isNew ? { insertOne: { document } } : { replaceOne: { filter: { _id: document._id }, replacement: document } },
    );
    if (operations.length > 0) {
      await target.bulkWrite(operations, { session }).catch((error: unknown) => {
        throw refusedDocument(error, (index) => `document with _id ${idKey(plan.writes[index]!.document._id)}`);
      });
    }
    await rows.updateOne(
      { _id: file.name },
      { $set: { checksum: file.checksum, documents: plan.after }, $currentDate: { appliedAt: true } },
      { upsert: true, session },
    );
    return plan.left;
  });
  if (told.length === 0) return {};
  const left = `${file.name}: of ${collection}, ${told.join("; ")}.`;
  if (known) return { left };
  // Nothing was edited here: users were there first.
  tell(left);
  return {};
}

/** To make the collection here would leave it without validator and indexes. */
export async function requireCollection(database: Db, collection: string): Promise<void> {
  if (await database.listCollections({ name: collection }, { nameOnly: true }).hasNext()) return;
  throw new SeedRefused(`${database.databaseName} has no collection "${collection}"`);
}
