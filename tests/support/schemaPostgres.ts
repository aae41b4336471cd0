import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { type Server, startPostgresServer, until } from "./schemaServers.ts";

const postgresFolder = "schema/postgresql";
export const postgresDatabase = "trading_results";

export type Role = "postgres" | "trading_migrator" | "trading_user" | "trading_readonly";

export interface TradingPostgres extends Server {
  /** A connection as a role, closed by `remove`. As trading_migrator it acts as trading_owner. */
  connect(role: Role): Promise<pg.Client>;
}

/**
 * A server with the trading database: roles, migrations, and the seed sets named.
 * It stands in for the migrator, whose contract with the files of schema/ is all here.
 */
export async function startTradingPostgres(...seedSets: string[]): Promise<TradingPostgres> {
  const password = randomBytes(12).toString("hex");
  const server = await startPostgresServer(password);
  const clients: pg.Client[] = [];
  const open = async (user: string, database: string) => {
    const client = new pg.Client({ host: "127.0.0.1", port: server.port, user, password, database });
    await client.connect();
    clients.push(client);
    return client;
  };
  const connect = async (role: Role) => {
    const client = await open(role, postgresDatabase);
    if (role === "trading_migrator") await client.query("SET ROLE trading_owner");
    return client;
  };
  const remove = async () => {
    await Promise.all(clients.map((client) => client.end()));
    await server.remove();
  };
  try {
    const superuser = await until(() => open("postgres", "postgres"));
    await createRolesAndDatabase(superuser, password);
    await (
      await connect("postgres")
    ).query("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO trading_user, trading_readonly");
    const migrator = await connect("trading_migrator");
    for (const folder of ["migrations", ...seedSets.map((set) => `seeds/${set}`)]) await apply(migrator, folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return { ...server, connect, remove };
}

async function createRolesAndDatabase(superuser: pg.Client, password: string): Promise<void> {
  await superuser.query(`
    CREATE ROLE trading_owner NOLOGIN;
    CREATE ROLE trading_migrator LOGIN PASSWORD '${password}' IN ROLE trading_owner;
    CREATE ROLE trading_user LOGIN PASSWORD '${password}';
    CREATE ROLE trading_readonly LOGIN PASSWORD '${password}';
    CREATE ROLE trading_replicator LOGIN REPLICATION PASSWORD '${password}'`);
  await superuser.query(`CREATE DATABASE ${postgresDatabase} OWNER trading_owner`);
}

/** Each file of a folder in a transaction of its own; companions of migrations are passed over. */
async function apply(client: pg.Client, folder: string): Promise<void> {
  const directory = join(postgresFolder, folder);
  for (const file of readdirSync(directory)
    .filter((name) => /^\w+\.sql$/.test(name))
    .sort()) {
    await client.query("BEGIN");
    await client.query(readFileSync(join(directory, file), "utf8"));
    await client.query("COMMIT");
  }
}
