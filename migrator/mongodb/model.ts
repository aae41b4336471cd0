import type { Document } from "mongodb";
import { commandName } from "./checks.ts";

/** A collection as far as the migrations tell. */
export interface Collection {
  /** `{}` where there is none. */
  validator: Document;
  validationLevel: string;
  validationAction: string;
  /** Made by a file that is pending: so there are no documents yet that one could lose. */
  fresh: boolean;
}

/** The collections that the migrations made or gave a validator. Of any other nothing is known, not even that it is not there. */
export type Schema = Map<string, Collection>;

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
  // One that is there already gets its validation from `create` as from `collMod`.
  if (name === "create" || (name === "collMod" && (known || command.validator))) {
    schema.set(collection, validated(known ?? { ...unvalidated, fresh: fresh && name === "create" }, command));
  }
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

/** What the server takes where nothing is stated. */
export const unvalidated = { validator: {}, validationLevel: "strict", validationAction: "error" };
