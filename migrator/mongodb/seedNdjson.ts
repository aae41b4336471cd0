import { BSON, type Collection, type Document, type MongoBulkWriteError, type WriteError } from "mongodb";
import { progressOf } from "../bulk.ts";
import { leftDiffering } from "../leftAsIs.ts";
import { counted } from "../errors.ts";
import { duplicateKey } from "./codes.ts";
import { batchesOf, collectionOf, type Batch } from "./ndjson.ts";
import { requireCollection, type MongoSeedRequest, type SeedRow } from "./seed.ts";
import { refusals, refusedDocument } from "./seedFailure.ts";
import { contentHash, idKey } from "./seedMerge.ts";

const batchSize = 1000;
/** More batches in flight gain nothing: the server is busy with these. */
const mostInFlight = 4;
const milliseconds = 1000;

/** How far a file surely is, as the collection `seed_progress` of the ledger keeps it. */
interface ProgressRow {
  _id: string;
  checksum: string;
  overwrite: boolean;
  /** All lines up to here are in the database, and so many bytes of the file. */
  lines: number;
  bytes: number;
  /** Documents that were there before, and those of them that say something else. */
  present: number;
  differing: number;
  /** Whether documents of an earlier text of the file may be there: then the server is asked first. */
  compares: boolean;
}

/**
 * Streams a bulk seed. Not one transaction, because MongoDB ends those after 60 s: instead the ledger notes how far it
 * surely is, a run that was killed is resumed there, and a document whose `_id` is there is left as it is: it is told where
 * it says something else, be it a user's or another line of the file.
 */
export async function seedNdjson(request: MongoSeedRequest): Promise<{ left?: string }> {
  const { database, ledger, file, known, overwrite, fenced, lease } = request;
  const name = await collectionOf(file);
  await requireCollection(database, name);
  const target = database.collection(name);
  const rows = ledger.collection<ProgressRow>("seed_progress");
  const noted = await rows.findOne({ _id: file.name });
  const isSame = noted?.checksum === file.checksum && noted.overwrite === overwrite;
  const counts = { lines: 0, bytes: 0, present: 0, differing: 0 };
  const sure: ProgressRow = isSame
    ? noted
    : { _id: file.name, checksum: file.checksum, overwrite, ...counts, compares: known || noted !== null };
  const progress = progressOf(file, request.tell);
  const note = () => fenced((session) => rows.replaceOne({ _id: file.name }, sure, { upsert: true, session }));
  if (!isSame) await note();
  else if (sure.lines > 0) {
    request.tell(`${file.name}: goes on after line ${sure.lines.toLocaleString("en-US")}, where it was interrupted.`);
  }

  const inFlight = new Set<Promise<void>>();
  const done: { batch: Batch; present: number; differing: number }[] = [];
  let next = 0;
  let noting: Promise<unknown> = Promise.resolve();
  let notedAt = performance.now();
  let failure: { error: unknown } | undefined;

  /** Batches end in any order; surely done is what has no gap before it. */
  const advance = () => {
    for (let ended; (ended = done[next]); delete done[next++]) {
      sure.present += ended.present;
      sure.differing += ended.differing;
      Object.assign(sure, ended.batch.end);
    }
    progress.at(sure.bytes, () => counted(sure.lines, "line"));
    if (performance.now() - notedAt < milliseconds) return;
    notedAt = Infinity;
    noting = note().then(
      () => void (notedAt = performance.now()),
      (error: unknown) => void (failure ??= { error }),
    );
  };
  const send = async (batch: Batch, number: number) => {
    try {
      done[number] = { batch, ...(await write(target, batch, overwrite, sure.compares, lease.comment)) };
      advance();
    } catch (error) {
      failure ??= { error };
    }
  };

  try {
    let number = 0;
    for await (const batch of batchesOf(file, batchSize, { ...sure })) {
      while (inFlight.size >= mostInFlight) await Promise.race(inFlight);
      if (failure) break;
      await lease.assertHeld();
      const sent: Promise<void> = send(batch, number++).finally(() => inFlight.delete(sent));
      inFlight.add(sent);
    }
  } finally {
    await Promise.all(inFlight);
    await noting;
  }
  if (failure) {
    // It may have been killed by a run that took the lease over.
    await lease.assertHeld({ again: true });
    throw failure.error;
  }

  await fenced(async (session) => {
    await ledger
      .collection<SeedRow>("seeds")
      .updateOne(
        { _id: file.name },
        { $set: { checksum: file.checksum }, $currentDate: { appliedAt: true } },
        { upsert: true, session },
      );
    await rows.deleteOne({ _id: file.name }, { session });
  });
  const { lines, present, differing } = sure;
  const more = present > 0 ? `, ${counted(present, "document")} of them there already` : "";
  progress.end(counted(lines - 1, "line"), more);
  const left = leftDiffering(file, differing, "document", name, sure.compares);
  if (sure.compares || left === undefined) return { left };
  // Nothing was edited here: users were there first, or the file has an `_id` twice.
  request.tell(left);
  return {};
}

/** Inserts what is not there. With `overwrite`, what is there gets the file's text. */
async function write(
  target: Collection,
  { documents, lines }: Batch,
  overwrite: boolean,
  compares: boolean,
  comment: string,
) {
  if (documents.length === 0) return { present: 0, differing: 0 };
  const lineOf = (document: Document) => `line ${lines[documents.indexOf(document)]}`;
  // A server that is asked first answers many times as fast as one that refuses each document that is there.
  const there = compares || overwrite ? await storedOf(target, documents) : undefined;
  const absent = there ? documents.filter(({ _id }) => !there.has(idKey(_id))) : documents;
  const differing = documents.filter((document) => differs(document, there?.get(idKey(document._id))));
  const taken = await insert(target, absent, comment, lineOf);
  if (overwrite) await replace(target, differing, comment, lineOf);
  const found = taken.length > 0 ? await storedOf(target, taken) : undefined;
  const takenOtherwise = taken.filter((document) => differs(document, found?.get(idKey(document._id))));
  const present = documents.length - absent.length + taken.length;
  return { present, differing: takenOtherwise.length + (overwrite ? 0 : differing.length) };
}

/** Those of the documents that are there, in BSON, by their `_id`. */
async function storedOf(target: Collection, documents: Document[]): Promise<Map<string, Uint8Array>> {
  const stored = new Map<string, Uint8Array>();
  const ids = documents.map(({ _id }) => _id);
  for await (const found of target.find({ _id: { $in: ids } }, { raw: true, batchSize })) {
    const bytes = found as unknown as Uint8Array;
    stored.set(idKey(BSON.deserialize(bytes, { promoteValues: false })._id), bytes);
  }
  return stored;
}

/** Most are there byte for byte; only of the others the content is looked at. */
function differs(document: Document, stored: Uint8Array | undefined): boolean {
  if (!stored || Buffer.compare(BSON.serialize(document), stored) === 0) return false;
  return contentHash(document) !== contentHash(BSON.deserialize(stored, { promoteValues: false, bsonRegExp: true }));
}

/** @returns those that were there already. */
async function insert(
  target: Collection,
  documents: Document[],
  comment: string,
  place: (document: Document) => string,
) {
  if (documents.length === 0) return [];
  try {
    await target.insertMany(documents, { ordered: false, comment });
    return [];
  } catch (error) {
    const there = refusals(error);
    // All that is wrong is that they are there, and the others are safely on disk.
    const isHarmless = there.length > 0 && !(error as MongoBulkWriteError).result.getWriteConcernError();
    if (isHarmless && there.every(isThere)) return there.map(({ index }) => documents[index]!);
    throw refusedDocument(error, (index) => place(documents[index]!), isThere);
  }
}

async function replace(
  target: Collection,
  documents: Document[],
  comment: string,
  place: (document: Document) => string,
) {
  if (documents.length === 0) return;
  const operations = documents.map((document) => ({
    replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true },
  }));
  await target.bulkWrite(operations, { ordered: false, comment }).catch((error: unknown) => {
    throw refusedDocument(error, (index) => place(documents[index]!));
  });
}

/** Whether the `_id` is taken. The server names the index that has the value; that of the `_id` it may leave out. */
function isThere({ code, errmsg = "" }: WriteError): boolean {
  return code === duplicateKey && !/index: (?!_id_ )/.test(errmsg) && /dup key: \{ _id: /.test(errmsg);
}
