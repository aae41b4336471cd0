import { MongoBulkWriteError, MongoError, MongoServerError, type WriteError } from "mongodb";
import { ApplyFailure, Disconnected, MigrationError, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { documentRefusal } from "./serverRefusal.ts";
import { isUnknownOutcome } from "./unknownOutcome.ts";

/** A refusal that names what was refused. What was kept of the file is added by `seedFailure`. */
export class SeedRefused extends MigrationError {}

/** What went wrong with a seed, for people. What is no failure of the seed itself, such as a lost lease, stays as it is. */
export function seedFailure(file: SourceFile, error: unknown): unknown {
  const bulk = file.name.endsWith(".ndjson");
  const kept = bulk
    ? `what was inserted of ${file.name} stays, and is skipped by the next run`
    : `nothing of ${file.name} was kept`;
  // A batch that broke off comes as an error of the server, too, but as one that refuses nothing.
  const brokeOff = error instanceof MongoBulkWriteError && refusals(error).length === 0;
  const isServers = error instanceof MongoServerError && !brokeOff && !isUnknownOutcome(error);
  // A file that vanished meanwhile is told with its path.
  const isFiles = typeof (error as NodeJS.ErrnoException | undefined)?.path === "string";
  if (isServers || isFiles || error instanceof SeedRefused) {
    const reason = `${file.name}${error instanceof SeedRefused && /^(line|has) /.test(error.message) ? " " : ": "}${messageOf(error)}`;
    return new ApplyFailure(reason, kept, "Mend the file, and run `pulumi up` again.", error);
  }
  if (!(error instanceof MongoError)) return error;
  const stands = bulk ? kept : `${file.name} was kept whole or not at all`;
  return new Disconnected(`${file.name}: the connection to MongoDB broke (${messageOf(error)}); ${stands}`, {
    cause: error,
  });
}

/**
 * The refusal of the first document that the server did not take.
 * @param place names the document by its number in the batch.
 * @param isFine says which of the refusals are none.
 */
export function refusedDocument(
  error: unknown,
  place: (index: number) => string,
  isFine: (refusal: WriteError) => boolean = () => false,
): unknown {
  // One that is tried again by the driver must stay what it is.
  if (error instanceof MongoError && error.hasErrorLabel("TransientTransactionError")) return error;
  const failed = refusals(error).find((refusal) => !isFine(refusal));
  if (!failed) return error;
  return new SeedRefused(`${place(failed.index)}: ${documentRefusal(failed.err)}`, { cause: error });
}

export function refusals(error: unknown): WriteError[] {
  return error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
}
