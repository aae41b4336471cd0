import { BSON, type Document } from "mongodb";
import { listed } from "../errors.ts";
import { namedIndexes } from "./indexWords.ts";
import { numberOf } from "./jsonSchemas.ts";
import { indexOf, type Schema } from "./model.ts";
import { destructive, warning, type Danger } from "./rules.ts";

/** @param change what collMod says of an index. */
export function changedIndex(collection: string, change: Document, schema: Schema): Danger[] {
  const found = indexDangers(collection, change, indexOf(schema.get(collection), change));
  if (!change.hidden) return found;
  const index = namedIndexes(change.name ?? change.keyPattern, collection);
  return [
    ...found,
    warning("hide-index", `This hides ${index}: queries that use it become slow until it is shown again.`),
  ];
}

/**
 * @param index an entry of createIndexes, or what collMod says of an index.
 * @param known the index that collMod means, where a migration made it.
 */
export function indexDangers(collection: string, index: Document, known?: Document): Danger[] {
  const key: Document | undefined = index.key ?? index.keyPattern ?? known?.key;
  const fields = key && Object.keys(key);
  const start = fields ? listed(fields) : `the time that index ${index.name} holds`;
  const found = expiry(index, collection, start, known?.expireAfterSeconds);
  if (!index.unique) return found;
  const where = fields ? listed(fields) : `index ${index.name}`;
  const lookFirst = fields
    ? `db.getCollection("${collection}").aggregate(${duplicates(fields, { ...known, ...index })})`
    : "set prepareUnique, which refuses new ones, and run collMod with dryRun";
  return [
    ...found,
    warning(
      "unique-index",
      `A unique index on ${collection} fails where two documents are alike in ${where}. Look for them first: ${lookFirst}.`,
    ),
  ];
}

/** The arguments of an aggregation that finds what a unique index would refuse: it holds each item of an array. */
function duplicates(fields: string[], { partialFilterExpression: filter, sparse, collation }: Document): string {
  const names = fields.map((_, index) => `value${index + 1}`);
  const values = names.map((name) => `$${name}`);
  const stages = [
    ...(filter ? [{ $match: filter }] : []),
    ...(sparse ? [{ $match: { $or: fields.map((field) => ({ [field]: { $exists: true } })) } }] : []),
    { $project: Object.fromEntries(names.map((name, index) => [name, `$${fields[index]}`])) },
    ...values.map((path) => ({ $unwind: { path, preserveNullAndEmptyArrays: true } })),
    { $group: { _id: values.length === 1 ? values[0] : values, documents: { $addToSet: "$_id" } } },
    { $match: { "documents.1": { $exists: true } } },
  ];
  return [stages, ...(collation ? [{ collation }] : [])].map((value) => BSON.EJSON.stringify(value)).join(", ");
}

/** @param former after how many seconds they are deleted today. */
export function expiry(
  { expireAfterSeconds: seconds }: Document,
  collection: string,
  start: string,
  former?: number,
): Danger[] {
  if (seconds === undefined || seconds === "off" || (former !== undefined && numberOf(seconds) >= numberOf(former)))
    return [];
  return [
    destructive(
      "ttl-index",
      `Documents of ${collection} are deleted ${seconds} seconds after ${start}, from now on and without a trace; ` +
        "those that are that old today at once. Count them first, and archive what is still needed.",
    ),
  ];
}
