import type { StackOutputs } from "../outputs.ts";
import { mongodbAsAdmin, postgresAs, withBoth } from "./connections.ts";

/** What the two servers are doing now. */
export interface Activity {
  /** One row for each session of PostgreSQL, from pg_stat_activity. */
  sessions: Record<string, unknown>[];
  /** The parts of MongoDB's serverStatus that show load. */
  mongodb: Record<string, unknown>;
}

/** Reads what the servers say of their own load. */
export function activity(outputs: StackOutputs): Promise<Activity> {
  return withBoth(postgresAs(outputs, "trading_user"), mongodbAsAdmin(outputs), async (results, configs) => {
    const sessions = await results.query(
      `SELECT pid, usename AS "user", application_name AS application, state, wait_event AS "waits for",
              date_trunc('second', now() - query_start)::text AS since, left(query, 60) AS query
         FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY query_start`,
    );
    const status = await configs.db("admin").command({ serverStatus: 1 });
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
  });
}
