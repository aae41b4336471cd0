import { MongoServerError, type Db, type Document } from "mongodb";
import { MigrationError } from "../errors.ts";
import { commandName } from "./checks.ts";
import { indexNotFound, namespaceExists, namespaceNotFound } from "./codes.ts";
import { createAgain } from "./createAgain.ts";
import type { Lease } from "./lease.ts";
import { documentRefusal } from "./serverRefusal.ts";

/** Commands don't take the client's write concern. */
const writeConcern = { w: "majority", j: true };

/** What a repeated step comes to: documents would be changed twice, a renamed collection is no longer there. */
export function kindOf(command: Document): "definition" | "rename" | "data" {
  const name = commandName(command)!;
  if (name === "renameCollection") return "rename";
  return ["insert", "update", "delete"].includes(name) ? "data" : "definition";
}

/**
 * Runs a definition so that running it again ends in the same state: what a killed run left half done is passed again.
 * A `create` of a collection that exists sets its validation; a drop of what is gone is done.
 * @param wasBegun by a run that did not see it end.
 */
export async function runDefinition(database: Db, command: Document, lease: Lease, wasBegun: boolean): Promise<void> {
  const { session, comment } = lease;
  try {
    await database.command({ ...command, writeConcern, comment }, { session });
  } catch (error) {
    const code = error instanceof MongoServerError ? error.code : undefined;
    const name = commandName(command);
    if (name === "create" && code === namespaceExists) {
      const left = await createAgain(database, command, lease, wasBegun);
      return left && runDefinition(database, left, lease, wasBegun);
    }
    if (name === "drop" && code === namespaceNotFound) return;
    if (name === "dropIndexes" && (code === namespaceNotFound || code === indexNotFound)) return;
    throw error;
  }
}

/** What stays the same when a collection is renamed; undefined where there is none. */
export async function uuidOf(database: Db, collection: string): Promise<string | undefined> {
  const [found] = await database.listCollections({ name: collection }).toArray();
  return (found as Document | undefined)?.info.uuid?.toString("hex");
}

/**
 * Gives a collection another name.
 * @param uuid of the collection when the step was begun: by it one sees whether an earlier run has done it.
 */
export async function runRename(
  database: Db,
  command: Document,
  lease: Lease,
  uuid: string | undefined,
): Promise<void> {
  const { renameCollection: from, to, ...options } = command;
  if (uuid !== undefined && (await uuidOf(database, to)) === uuid) return;
  const name = (collection: string) => `${database.databaseName}.${collection}`;
  await database.client
    .db("admin")
    .command(
      { renameCollection: name(from), to: name(to), ...options, writeConcern, comment: lease.comment },
      { session: lease.session },
    );
}

/** Inserts, updates or deletes documents. To be called in a transaction that also holds the ledger's word of it. */
export async function runData(database: Db, command: Document, { session, comment }: Lease): Promise<void> {
  const reply = await database.command({ ...command, comment }, { session });
  // The reply is "ok" when documents were refused.
  const [refused] = reply.writeErrors ?? [];
  if (refused) throw new MigrationError(`entry ${refused.index + 1}: ${documentRefusal(refused)}`);
}
