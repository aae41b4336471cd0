import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { randomBytes } from "node:crypto";
import type { MongoClient } from "mongodb";
import pg from "pg";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import { bootstrapPostgres } from "../../migrator/postgresql/bootstrap.ts";
import { connectPostgres } from "../../migrator/postgresql/connection.ts";
import type { Connection } from "../../migrator/types.ts";
import { passwords, rootPassword, startMongo, startPostgres, type Server } from "./databases.ts";

const freshName = () => `test_${randomBytes(4).toString("hex")}`;

export interface FreshPostgres {
  server: Server;
  /** As trading_migrator, to a database that nobody used before. */
  connection: Connection;
  /** As trading_user, which services use. */
  user: pg.Client;
}

/** A database that nobody used before, as trading_migrator. */
export async function freshPostgres({ container, host, port }: Server): Promise<Connection> {
  const database = freshName();
  await bootstrapPostgres({ container, database, passwords });
  return { host, port, database, user: "trading_migrator", password: passwords.migrator };
}

/** Works as the owner of all that migrations make. */
export async function asOwner<T>(connection: Connection, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectPostgres(connection);
  try {
    await client.query("SET ROLE trading_owner");
    return await work(client);
  } finally {
    await client.end();
  }
}

/** One PostgreSQL for the tests of a file, and a database of its own for each, which `assign` gets. */
export function usePostgres(assign: (fresh: FreshPostgres) => void): void {
  let server: Server;
  let user: pg.Client;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.remove());
  beforeEach(async () => {
    const connection = await freshPostgres(server);
    user = new pg.Client({ ...connection, user: "trading_user", password: passwords.user });
    // Some tests end all sessions of the server.
    user.on("error", () => {});
    await user.connect();
    assign({ server, connection, user });
  });
  afterEach(() => user?.end());
}

/** The same server, and a database that nobody used before. */
export function freshMongo(connection: Connection): Connection {
  return { ...connection, database: freshName() };
}

export interface FreshMongo {
  server: Server;
  /** As root, to a database that nobody used before. */
  connection: Connection;
  /** As root. */
  client: MongoClient;
}

/** A MongoDB that is primary of its set, as root. */
export async function readyMongo(): Promise<{ server: Server; connection: Connection }> {
  const server = await startMongo();
  const { host, port, container } = server;
  const connection = { host, port, database: "test", user: "admin", password: rootPassword };
  await bootstrapMongo({ connection, container, replicaSetMember: "mongodb:27017" });
  return { server, connection };
}

/** One MongoDB for the tests of a file, and a database of its own for each, which `assign` gets. */
export function useMongo(assign: (fresh: FreshMongo) => void): void {
  let server: Server;
  let client: MongoClient;
  let connection: Connection;
  beforeAll(async () => {
    ({ server, connection } = await readyMongo());
    client = await connectMongo(connection);
  });
  afterAll(async () => {
    await client?.close();
    await server?.remove();
  });
  beforeEach(() => assign({ server, client, connection: freshMongo(connection) }));
}
