import type { MongoClient } from "mongodb";
import type pg from "pg";
import { connectMongo } from "../migrator/mongodb/connection.ts";
import { connectPostgres } from "../migrator/postgresql/connection.ts";
import type { Connection } from "../migrator/types.ts";
import type { BackupOutputs, PostgresOutputs, StackOutputs } from "../outputs.ts";

/** A stack's PostgreSQL, from this host, as one of its roles. */
export function postgresAs({ postgres }: StackOutputs, user: keyof PostgresOutputs["passwords"]): Connection {
  return { ...postgres.fromHost, database: postgres.database, user, password: postgres.passwords[user] };
}

/** A stack's MongoDB, from this host, as its root user. */
export function mongodbAsAdmin({ mongodb }: StackOutputs): Connection {
  return { ...mongodb.fromHost, database: mongodb.database, user: "admin", password: mongodb.adminPassword };
}

/** A stack's MongoDB, from this host, as the user that services log in as. */
export function mongodbAsService({ mongodb }: StackOutputs): Connection {
  return { ...mongodb.fromHost, database: mongodb.database, user: mongodb.user, password: mongodb.password };
}

/** A stack's MongoDB, from this host, as the user that takes backups by a schedule. */
export function mongodbAsBackup({ mongodb }: StackOutputs, backups: BackupOutputs): Connection {
  const { mongodbUser: user, mongodbPassword: password } = backups;
  return { ...mongodb.fromHost, database: mongodb.database, user, password };
}

/** Connects to both databases, and disconnects whatever comes of the work. */
export async function withBoth<T>(
  postgres: Connection,
  mongodb: Connection,
  work: (results: pg.Client, configs: MongoClient) => Promise<T>,
): Promise<T> {
  const results = await connectPostgres(postgres);
  let configs: MongoClient | undefined;
  try {
    configs = await connectMongo(mongodb);
    return await work(results, configs);
  } finally {
    await Promise.all([results.end(), configs?.close()]);
  }
}
