import type { Document } from "mongodb";
import { commandName } from "./checks.ts";
import { changedIndex, expiry, indexDangers } from "./indexDangers.ts";
import { namedIndexes } from "./indexWords.ts";
import type { Schema } from "./model.ts";
import { destructive, warning, type Danger } from "./rules.ts";
import { tighterValidator } from "./validatorDangers.ts";
import { lostFields, meansAll } from "./writeDangers.ts";

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
