import { MigrationError } from "../migrator/errors.ts";
import { mongodbAsAdmin, postgresAs } from "../operations/connections.ts";
import { PulumiError, UserError } from "../operations/errors.ts";
import { readOutputs, selectedStack } from "../operations/stack.ts";
import type { Connection, Engine } from "../migrator/types.ts";

/** A database to migrate. */
export interface Target {
  engine: Engine;
  connection: Connection;
}

const form =
  "It has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE.";

const engines: Record<string, [Engine, number]> = {
  "postgres:": ["postgresql", 5432],
  "postgresql:": ["postgresql", 5432],
  "mongodb:": ["mongodb", 27017],
};

/**
 * The database that a URL names: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `mongodb://` likewise.
 * @throws UserError for anything else. The message never has the password.
 */
export function targetOf(url: string): Target {
  refuseAddress(url);
  const parsed = URL.parse(url);
  if (!parsed) throw refuse("is not a URL.");
  const known = engines[parsed.protocol];
  if (!known) throw refuse(`begins with ${parsed.protocol}//.`);
  const path = parsed.pathname.slice(1);
  if (parsed.username === "") throw refuse("names no user.");
  if (path === "") throw refuse("names no database.");
  if (path.includes("/")) throw refuse(`names the database ${path}: write / as %2F in a name.`);
  if (parsed.hash !== "") throw refuse(`has ${parsed.hash} behind the database: write # as %23 in a name.`);
  const [option] = parsed.searchParams.keys();
  if (option !== undefined) throw refuse(`has the option "${option}", and options are not taken.`);
  const [engine, port] = known;
  const connection = {
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: Number(parsed.port || port),
    database: decoded(path),
    user: decoded(parsed.username),
    password: decoded(parsed.password),
  };
  return { engine, connection };
}

/** What the parser of URLs takes for something else, a part of the password for the host among it, or refuses without a word. */
function refuseAddress(url: string): void {
  const [, authority = "", rest = ""] = /^[^:/?#]+:\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  if (rest.includes("@")) {
    throw refuse(
      "has an @ behind its host: write / as %2F, ? as %3F, # as %23 and @ as %40 in a user, password or database.",
    );
  }
  const [, address = ""] = /@([^@]*)$/.exec(authority) ?? [];
  if (address.includes(",")) throw refuse(`names several hosts, ${address}: name the one that takes writes.`);
  const port = /:(\d+)$/.exec(address)?.[1] ?? "1";
  if (Number(port) < 1 || Number(port) > 65535) throw refuse(`names the port ${port}, and ports are 1 to 65535.`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("has a % that stands for nothing: write % as %25.");
  }
}

function refuse(reason: string): UserError {
  return new UserError(`The database URL ${reason} ${form}`);
}

/**
 * The database of the stack that is selected in this folder.
 * @throws UserError for no such engine or stack, MigrationError where Pulumi fails.
 */
export async function targetOfStack(engine: string): Promise<Target> {
  if (engine !== "postgresql" && engine !== "mongodb") {
    throw new UserError(`There is no engine "${engine}". There are postgresql and mongodb.`);
  }
  const outputs = await selectedStack()
    .then(readOutputs)
    .catch((cause: Error) => {
      throw cause instanceof PulumiError ? new MigrationError(cause.message, { cause }) : cause;
    });
  const connection = engine === "postgresql" ? postgresAs(outputs, "trading_migrator") : mongodbAsAdmin(outputs);
  return { engine, connection };
}
