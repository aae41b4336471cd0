import { BSON, type Document } from "mongodb";
import { listed } from "../errors.ts";
import type { Finding } from "../types.ts";
import { commandName } from "./checks.ts";

import { fieldsOf } from "./indexWords.ts";
import type { mongoRules } from "./lint.ts";
import { unvalidated, validated, type Schema } from "./model.ts";
import { someOf, tightened } from "./validators.ts";

export interface Danger {
  rule: keyof typeof mongoRules;
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
  create: tighterValidator,
  collMod: (command, name, schema) => [
    ...tighterValidator(command, name, schema),
    ...expiry(command, name, "their time"),
    ...(command.index ? indexDangers(name, command.index) : []),
  ],
  createIndexes: ({ indexes }, name) => indexes.flatMap((index: Document) => indexDangers(name, index)),
  drop: (_, name) => [
    destructive(
      "drop-collection",
      `Collection ${name} is dropped with all its documents: nothing but a backup has them then.`,
    ),
  ],
  dropIndexes: ({ index }, name) => [
    destructive(
      "drop-index",
      `${droppedIndexes(index, name)} dropped: queries that use such an index become slow, and what it kept unique may be ` +
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
  update: ({ updates }, name) =>
    updates.some(({ q, multi }: Document) => isEmpty(q) && multi === true)
      ? [
          warning(
            "update-all",
            `Every document of ${name} is changed, also those that need it not. State in q which documents need it.`,
          ),
        ]
      : [],
  delete: ({ deletes }, name) =>
    deletes.some(({ q, limit }: Document) => isEmpty(q) && Number(limit) === 0)
      ? [destructive("delete-all", `Every document of ${name} is deleted: nothing but a backup has them then.`)]
      : [],
};

function isEmpty(filter: Document): boolean {
  return Object.keys(filter).length === 0;
}

function droppedIndexes(index: unknown, collection: string): string {
  if (index === "*") return `All indexes of ${collection} are`;
  if (!Array.isArray(index)) {
    return `Index ${typeof index === "string" ? index : `(${fieldsOf(index as Document)})`} of ${collection} is`;
  }
  return `${index.length > 1 ? "Indexes" : "Index"} ${listed(index)} of ${collection} ${index.length > 1 ? "are" : "is"}`;
}

/** @param index an entry of createIndexes, or what collMod says of an index. */
function indexDangers(collection: string, index: Document): Danger[] {
  const key: Document | undefined = index.key ?? index.keyPattern;
  const fields = key && Object.keys(key);
  const found = expiry(index, collection, fields ? listed(fields) : `the time that index ${index.name} holds`);
  if (index.unique !== true) return found;
  const where = fields ? listed(fields) : `index ${index.name}`;
  const lookFirst = fields
    ? `db.getCollection("${collection}").aggregate(${BSON.EJSON.stringify(duplicates(fields, index.partialFilterExpression))})`
    : "set prepareUnique, which refuses new ones, and run collMod with dryRun";
  return [
    ...found,
    warning(
      "unique-index",
      `A unique index on ${collection} fails where two documents are alike in ${where}. Look for them first: ${lookFirst}.`,
    ),
  ];
}

/** The stages that find what a unique index would refuse. */
function duplicates(fields: string[], filter?: Document): Document[] {
  const values = fields.map((field) => `$${field}`);
  return [
    ...(filter ? [{ $match: filter }] : []),
    { $group: { _id: values.length === 1 ? values[0] : values, documents: { $push: "$_id" } } },
    { $match: { "documents.1": { $exists: true } } },
  ];
}

function expiry({ expireAfterSeconds: seconds }: Document, collection: string, start: string): Danger[] {
  if (seconds === undefined || seconds === "off") return [];
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
  const before = known ?? { ...unvalidated, fresh: false };
  const after = validated(before, command);
  // Other levels than strict leave documents alone that break a rule already.
  if (after.validationLevel !== "strict") return [];
  const changes = validator && known ? tightened(before.validator, validator) : [];
  const isUnknown =
    !known && (validator ? !isEmpty(validator) : validationLevel !== undefined || validationAction !== undefined);
  if (isUnknown) changes.push("may ask what none asked before: no migration tells the earlier one");
  if (!isEmpty(after.validator)) {
    if (before.validationLevel !== "strict") changes.push("holds for documents that it left alone before");
    if (before.validationAction === "warn" && after.validationAction !== "warn")
      changes.push("refuses what it only logged before");
  }
  if (changes.length === 0) return [];
  const refused = after.validationAction === "warn" ? "logged" : "refused";
  const danger = after.validationAction === "warn" ? warning : destructive;
  return [
    danger(
      "tighten-validator",
      `The validator of ${name} ${someOf(changes)}. Documents that break it are kept, but each later update of one is ${refused}. ` +
        'Mend them in a step before it, or leave them alone with validationLevel: "moderate".',
    ),
  ];
}
