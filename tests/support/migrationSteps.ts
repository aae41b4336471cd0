import { resolve } from "node:path";
import type { Db, Document } from "mongodb";
import pg from "pg";
import { readMigrations } from "../../migrator/files.ts";
import type { Connection, Migration, SourceFile } from "../../migrator/types.ts";
import { docker, type Server } from "./databases.ts";

/**
 * The project's migrations and their companions as plain drivers run them. It stands in for the engine, so that a file at
 * fault and an engine at fault are told apart.
 */
export interface Steps {
  migrations: Migration[];
  up(migration: Migration): Promise<void>;
  down(migration: Migration): Promise<void>;
  /** What the verify file finds, whatever it is; nothing where there is no such file. */
  verify(migration: Migration): Promise<object[]>;
  /** The whole schema, with its privileges. */
  fingerprint(): Promise<string>;
}

/** A client that acts as trading_owner, as the engine does. */
export async function connectAsOwner(connection: Connection): Promise<pg.Client> {
  const client = new pg.Client({ ...connection });
  await client.connect();
  await client.query("SET ROLE trading_owner");
  return client;
}

/** @param owner see `connectAsOwner`. */
export function postgresSteps(server: Server, owner: pg.Client): Steps {
  const run = async (file: SourceFile) => {
    await owner.query("BEGIN");
    await owner.query(file.text);
    await owner.query("COMMIT");
  };
  return {
    migrations: readMigrations("postgresql", "schema/postgresql/migrations"),
    up: run,
    down: ({ down }) => run(down!),
    async verify({ verify }) {
      const results: unknown = verify ? await owner.query(verify.text) : [];
      return [results].flat().flatMap((result) => (result as pg.QueryResult).rows);
    },
    async fingerprint() {
      const what = ["--schema-only", "--exclude-schema=trading_ledger", "--username=postgres", owner.database!];
      const dump = await docker("exec", server.container, "pg_dump", ...what);
      // pg_dump puts a key of its own into each dump.
      return dump.replace(/^\\(un)?restrict .*$/gm, "");
    },
  };
}

export function mongoSteps(database: Db): Steps {
  const commands = async ({ path }: SourceFile) => (await import(resolve(path))).default as Document[];
  const run = async (file: SourceFile) => {
    for (const command of await commands(file)) await database.command(command);
  };
  return {
    migrations: readMigrations("mongodb", "schema/mongodb/migrations"),
    up: run,
    down: ({ down }) => run(down!),
    async verify({ verify }) {
      const found = await Promise.all((verify ? await commands(verify) : []).map((query) => database.command(query)));
      return found.flatMap(({ cursor }) => cursor.firstBatch);
    },
    async fingerprint() {
      const collections = await database.listCollections().toArray();
      const described = collections.map(async ({ name, type, ...more }) => ({
        ...{ name, type, options: "options" in more ? more.options : undefined },
        indexes: await database.collection(name).indexes(),
      }));
      const byName = (await Promise.all(described)).sort((a, b) => a.name.localeCompare(b.name));
      return JSON.stringify(byName, undefined, 2);
    },
  };
}
