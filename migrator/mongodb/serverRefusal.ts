import { MongoServerError, type Document } from "mongodb";
import { MigrationError } from "../errors.ts";
import { addressOf } from "../readiness.ts";
import type { Connection } from "../types.ts";
import { unauthorized } from "./codes.ts";

/** For people, what the server refused of the migrator itself. Refused steps and seeds are told with their file. */
export function serverRefusal(error: unknown, connection: Connection): unknown {
  if (!(error instanceof MongoServerError)) return error;
  const { database, user } = connection;
  const server = `MongoDB at ${addressOf(connection)}`;
  if (error.code !== unauthorized) {
    return new MigrationError(
      `${server} refuses what the migrator needs (${error.codeName ?? `code ${error.code}`}): ${error.message}. ` +
        `Mend that, and run \`pulumi up\` again: it goes on where this run stopped.`,
      { cause: error },
    );
  }
  // The rest is the whole command.
  const [, where, command] = /^not authorized on (\S+) to execute command \{ (\w+)/.exec(error.message) ?? [];
  const what = command ? `run ${command} on ${where}` : `do what the migrator needs: ${error.message}`;
  return new MigrationError(
    `${server} does not let ${user} ${what}. Give it the role dbOwner on ${database} and on ${database}_ledger, ` +
      `and run \`pulumi up\` again.`,
    { cause: error },
  );
}

/** Why a document was refused, with the rules of its schema that it breaks. */
export function documentRefusal({ errmsg, errInfo }: Document): string {
  const rules = errInfo?.details?.schemaRulesNotSatisfied;
  return `${errmsg}${rules ? ` ${JSON.stringify(rules)}` : ""}`;
}
