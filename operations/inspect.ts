import type { MongoClient } from "mongodb";
import { connectMongo } from "../migrator/mongoConnection.ts";
import { connectPostgres } from "../migrator/postgresConnection.ts";
import type { StackOutputs } from "../outputs.ts";

/** What the two servers are doing now. */
export interface Activity {
  /** One row for each session of PostgreSQL, from pg_stat_activity. */
  sessions: Record<string, unknown>[];
  /** The parts of MongoDB's serverStatus that show load. */
  mongodb: Record<string, unknown>;
}

/** Reads what the servers say of their own load. */
export async function activity({ postgres, mongodb }: StackOutputs): Promise<Activity> {
  const sql = await connectPostgres({
    ...postgres.fromHost,
    database: postgres.database,
    user: postgres.user,
    password: postgres.password,
  });
  let documents: MongoClient | undefined;
  try {
    documents = await connectMongo({
      ...mongodb.fromHost,
      database: mongodb.database,
      user: "admin",
      password: mongodb.adminPassword,
    });
    const sessions = await sql.query(
      `SELECT pid, usename AS "user", application_name AS application, state, wait_event AS "waits for",
              date_trunc('second', now() - query_start)::text AS since, left(query, 60) AS query
         FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY query_start`,
    );
    const status = await documents.db("admin").command({ serverStatus: 1 });
    const { current, available } = status["connections"];
    return {
      sessions: sessions.rows,
      mongodb: {
        uptimeSeconds: status["uptime"],
        connections: { current, available },
        operations: status["opcounters"],
        residentMemoryMiB: status["mem"].resident,
      },
    };
  } finally {
    await Promise.all([sql.end(), documents?.close()]);
  }
}
