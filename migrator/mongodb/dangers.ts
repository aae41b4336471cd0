import { BSON, type Document } from "mongodb";
import { listed } from "../errors.ts";
import type { Finding } from "../types.ts";
import { commandName } from "./checks.ts";
import { namedIndexes } from "./indexWords.ts";
import { indexOf, unknown, validated, type Schema } from "./model.ts";
import type { MongoRule } from "./rules.ts";
import { removedBy } from "./updates.ts";
import { someOf, tightened } from "./validators.ts";

export interface Danger {
  rule: MongoRule;
  severity: Finding["severity"];
  message: string;
}

/**
 * What a command may destroy or fail at. A collection that this run makes has no documents yet: nothing there is dangerous.
 * @param schema as it is before the command.
 */
export function dangersOf(command: Document, schema: Schema): Danger[] {
  const name = commandName(command)!;
  const collection: string = command[name];
  const isNew = name === "create" && !schema.has(collection);
  if (isNew || schema.get(collection)?.fresh) return [];
  return dangers[name]?.(command, collection, schema) ?? [];
}

const destructive = (rule: Danger["rule"], message: string): Danger => ({ rule, severity: "destructive", message });
const warning = (rule: Danger["rule"], message: string): Danger => ({ rule, severity: "warning", message });

const dangers: Record<string, (command: Document, collection: string, schema: Schema) => Danger[]> = {
  create: (command, name, schema) => [...tighterValidator(command, name, schema), ...changedView(command, name)],
  collMod: (command, name, schema) => [
    ...tighterValidator(command, name, schema),
    ...changedView(command, name),
    ...expiry(command, name, "their time", schema.get(name)?.expireAfterSeconds),
    ...shrunk(command, name),
    ...(command.index ? changedIndex(name, command.index, schema) : []),
  ],
  createIndexes: ({ indexes }, name) => indexes.flatMap((index: Document) => indexDangers(name, index)),
  drop: (_, name, schema) =>
    schema.get(name)?.isView
      ? [warning("drop-view", `View ${name} is dropped: queries that use it find nothing.`)]
      : [
          destructive(
            "drop-collection",
            `Collection ${name} is dropped with all its documents: nothing but a backup has them then.`,
          ),
        ],
  dropIndexes: ({ index }, name) => [
    destructive(
      "drop-index",
      `This drops ${namedIndexes(index, name)}: queries that use such an index become slow, and what it kept unique may be ` +
        `doubled. Hide it first, and see who misses it: { collMod: "${name}", index: { name: "...", hidden: true } }.`,
    ),
  ],
  renameCollection: ({ to }, name) => [
    destructive(
      "rename-collection",
      `Collection ${name} is called ${to} from now on: programs that use the old name find nothing there, ` +
        "and what they write makes a new collection without validator and indexes. Change or stop them first.",
    ),
  ],
  update: ({ updates }, name) => [
    ...updates.flatMap(({ u }: Document) => lostFields(u, name)),
    ...(updates.some(({ q, multi }: Document) => meansAll(q) && multi === true)
      ? [
          warning(
            "update-all",
            `Every document of ${name} is changed, also those that need it not. State in q which documents need it.`,
          ),
        ]
      : []),
  ],
  delete: ({ deletes }, name) =>
    deletes.some(({ q, limit }: Document) => meansAll(q) && limit === 0)
      ? [destructive("delete-all", `Every document of ${name} is deleted: nothing but a backup has them then.`)]
      : [],
};

function isEmpty(filter: Document): boolean {
  return Object.keys(filter).length === 0;
}

/** Whether a filter plainly lets every document through: there are more ways to write one than are looked for. */
function meansAll(filter: Document): boolean {
  return Object.entries(filter).every(([key, value]) => {
    if (key === "$expr") return value === true;
    if (key === "$or") return Array.isArray(value) && value.some(meansAll);
    if (key === "$and") return Array.isArray(value) && value.every(meansAll);
    return key === "_id" && value?.$exists === true && Object.keys(value).length === 1;
  });
}

/** A whole document states what one document is: nothing is lost that its author does not see. */
function lostFields(update: Document | Document[], collection: string): Danger[] {
  const { unset, renamed, rewriter } = removedBy(update);
  const found: string[] = [];
  if (unset.length > 0) {
    found.push(`Documents of ${collection} lose ${listed(unset)}: nothing but a backup has the values then.`);
  }
  for (const [from, to] of renamed) {
    found.push(
      `Field ${from} of ${collection} is called ${to} from now on: programs that use the old name find nothing there, ` +
        `and a value that ${to} had is lost.`,
    );
  }
  if (rewriter && Array.isArray(update)) {
    found.push(
      `Documents of ${collection} are written anew by ${rewriter}: nothing but a backup has what it leaves out.`,
    );
  }
  return found.map((message) => destructive("lose-fields", message));
}

function changedView({ viewOn, pipeline }: Document, name: string): Danger[] {
  if (viewOn === undefined && pipeline === undefined) return [];
  return [warning("change-view", `View ${name} is defined anew: queries that use it find something else.`)];
}

function shrunk({ cappedSize, cappedMax }: Document, collection: string): Danger[] {
  const bounds = [
    ...(cappedSize === undefined ? [] : [`${cappedSize} bytes`]),
    ...(cappedMax === undefined ? [] : [`${cappedMax} documents`]),
  ];
  if (bounds.length === 0) return [];
  const message = `The oldest documents of ${collection} are deleted where they are more than ${bounds.join(" or ")}.`;
  return [destructive("shrink-capped", message)];
}

function changedIndex(collection: string, change: Document, schema: Schema): Danger[] {
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
function indexDangers(collection: string, index: Document, known?: Document): Danger[] {
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
function expiry(
  { expireAfterSeconds: seconds }: Document,
  collection: string,
  start: string,
  former?: number,
): Danger[] {
  if (seconds === undefined || seconds === "off" || (former !== undefined && seconds >= former)) return [];
  return [
    destructive(
      "ttl-index",
      `Documents of ${collection} are deleted ${seconds} seconds after ${start}, from now on and without a trace; ` +
        "those that are that old today at once. Count them first, and archive what is still needed.",
    ),
  ];
}

/** Documents that are there are not checked by collMod, but each later update of one has to keep the rules as a whole. */
function tighterValidator(command: Document, name: string, schema: Schema): Danger[] {
  const known = schema.get(name);
  const { validator, validationLevel, validationAction } = command;
  const before = known ?? unknown;
  const after = validated(before, command);
  if (after.validationLevel === "off") return [];
  const changes = validator && known ? tightened(before.validator, validator) : [];
  const isUnknown =
    !known && (validator ? !isEmpty(validator) : validationLevel !== undefined || validationAction !== undefined);
  if (isUnknown) changes.push("may ask what none asked before: no migration tells the earlier one");
  if (!isEmpty(after.validator)) {
    if (levels.indexOf(before.validationLevel) < levels.indexOf(after.validationLevel))
      changes.push("holds for documents that it left alone before");
    if (before.validationAction === "warn" && after.validationAction !== "warn")
      changes.push("refuses what it only logged before");
  }
  if (changes.length === 0) return [];
  const refused = after.validationAction === "warn" ? "logged" : "refused";
  const told = `The validator of ${name} ${someOf(changes)}. Documents that break it are kept`;
  if (after.validationLevel === "moderate") {
    const message = `${told} and may be updated, but each new one is ${refused}. Change first the programs that insert them.`;
    return [warning("tighten-validator", message)];
  }
  const danger = after.validationAction === "warn" ? warning : destructive;
  return [
    danger(
      "tighten-validator",
      `${told}, but each later update of one is ${refused}. ` +
        'Mend them in a step before it, or leave them alone with validationLevel: "moderate".',
    ),
  ];
}

/** The weakest first: moderate leaves documents alone that break a rule already. */
const levels = ["off", "moderate", "strict"];
