import { UserError } from "../operations/errors.ts";
import type { Connection, Engine } from "../migrator/types.ts";

/** A database to migrate. */
export interface Target {
  engine: Engine;
  connection: Connection;
}

/**
 * The database that a URL names: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `mongodb://` likewise.
 * @throws UserError for anything else. The message never has the password.
 */
export function targetOf(url: string): Target {
  const form = "postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE";
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new UserError(`The database URL is not a URL. It has the form ${form}.`);
  }
  const engines: Record<string, [Engine, number]> = {
    "postgres:": ["postgresql", 5432],
    "postgresql:": ["postgresql", 5432],
    "mongodb:": ["mongodb", 27017],
  };
  const known = engines[parsed.protocol];
  if (!known) throw new UserError(`The database URL begins with ${parsed.protocol}//. It has the form ${form}.`);
  const [option] = parsed.searchParams.keys();
  if (option !== undefined) {
    throw new UserError(
      `The database URL has the option "${option}", and options are not taken. It has the form ${form}.`,
    );
  }
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (database === "" || parsed.username === "") {
    throw new UserError(`The database URL names no ${database === "" ? "database" : "user"}. It has the form ${form}.`);
  }
  const [engine, port] = known;
  const connection = {
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: Number(parsed.port || port),
    database,
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
  };
  return { engine, connection };
}

/** The database of the stack that is selected in this folder. */
export async function targetOfStack(engine: string): Promise<Target> {
  if (engine !== "postgresql" && engine !== "mongodb") {
    throw new UserError(`There is no engine "${engine}". There are postgresql and mongodb.`);
  }
  // Pulumi takes longer to load than most runs to run.
  const { openStack, readOutputs, selectedStack } = await import("../operations/stack.ts");
  const { mongodbAsAdmin, postgresAs } = await import("../operations/connections.ts");
  const outputs = await readOutputs(await openStack(await selectedStack()));
  const connection = engine === "postgresql" ? postgresAs(outputs, "trading_migrator") : mongodbAsAdmin(outputs);
  return { engine, connection };
}
