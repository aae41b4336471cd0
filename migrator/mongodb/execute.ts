import { MongoServerError, type Db, type Document } from "mongodb";
import { commandName } from "./steps.ts";

const namespaceNotFound = 26;
const indexNotFound = 27;
const namespaceExists = 48;

/** The options of `create` that `collMod` can set afterwards. */
const changeable = ["validator", "validationLevel", "validationAction"] as const;

/**
 * Runs one step so that running it again ends in the same state: what a killed run left half done is passed again.
 * A `create` of a collection that exists sets its validation; a drop of what is gone is done.
 */
export async function runStep(database: Db, step: Document): Promise<void> {
  try {
    // Commands don't take the client's write concern.
    await database.command({ ...step, writeConcern: { w: "majority", j: true } });
  } catch (error) {
    const code = error instanceof MongoServerError ? error.code : undefined;
    const name = commandName(step);
    if (name === "create" && code === namespaceExists) return modify(database, step);
    if (name === "drop" && code === namespaceNotFound) return;
    if (name === "dropIndexes" && (code === namespaceNotFound || code === indexNotFound)) return;
    throw error;
  }
}

async function modify(database: Db, step: Document): Promise<void> {
  const wanted = Object.entries(step).filter(([key]) => changeable.includes(key as (typeof changeable)[number]));
  if (wanted.length > 0) await runStep(database, { collMod: step.create, ...Object.fromEntries(wanted) });
}
