import type { Document } from "mongodb";
import { commandName } from "./checks.ts";
import { canonicalJson } from "./extendedJson.ts";

/** A collection or a view as far as the migrations tell. */
export interface Collection {
  /** `{}` where there is none. */
  validator: Document;
  validationLevel: string;
  validationAction: string;
  isView: boolean;
  /** Of a time series. */
  expireAfterSeconds?: number;
  /** Entries of createIndexes, and what collMod made of them: the last one of a name holds. */
  indexes: Document[];
  /** Made by a file that is pending: so there are no documents yet that one could lose. */
  fresh: boolean;
}

/** The collections that the migrations made or gave a validator. Of any other nothing is known, not even that it is not there. */
export type Schema = Map<string, Collection>;

/** With what the server takes where nothing is stated. */
export const unknown: Collection = {
  validator: {},
  validationLevel: "strict",
  validationAction: "error",
  isView: false,
  indexes: [],
  fresh: false,
};

/**
 * Brings a schema up to what a command makes of it.
 * @param fresh whether its file is pending.
 */
export function foldStep(schema: Schema, command: Document, fresh: boolean): void {
  const name = commandName(command)!;
  const collection: string = command[name];
  const known = schema.get(collection);
  if (name === "drop") schema.delete(collection);
  if (name === "renameCollection" && known) {
    schema.delete(collection);
    schema.set(command.to, known);
  }
  if (name === "createIndexes" && known) {
    schema.set(collection, { ...known, indexes: [...known.indexes, ...command.indexes] });
  }
  // One that is there already gets its validation from `create` as from `collMod`.
  if (name === "create" || (name === "collMod" && (known || command.validator))) {
    const former = known ?? { ...unknown, fresh: fresh && name === "create" };
    const { viewOn, expireAfterSeconds, index } = command;
    schema.set(collection, {
      ...validated(former, command),
      ...(viewOn && { isView: true }),
      ...(expireAfterSeconds !== undefined && { expireAfterSeconds }),
      ...(index && { indexes: [...former.indexes, { ...indexOf(former, index), ...index }] }),
    });
  }
}

/** The index that collMod means. */
export function indexOf(collection: Collection | undefined, { name, keyPattern }: Document): Document | undefined {
  return collection?.indexes.findLast(
    (index) => index.name === name || (keyPattern && canonicalJson(index.key ?? {}) === canonicalJson(keyPattern)),
  );
}

/** A collection with the validation that `create` or `collMod` states, and the rest as it was. */
export function validated(collection: Collection, command: Document): Collection {
  const { validator, validationLevel, validationAction } = command;
  return {
    ...collection,
    ...(validator && { validator }),
    ...(validationLevel && { validationLevel }),
    ...(validationAction && { validationAction }),
  };
}
