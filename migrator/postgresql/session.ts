import pg from "pg";
import type { Connection } from "../types.ts";

/**
 * What a session begins with, and so what RESET ALL brings back. Lock waits are short, because whoever waits for a table
 * makes all later readers of it wait too: what does not get its lock gives up and is tried again (retry.ts).
 * A server that loses its client stops the statement within seconds, so that the lock of a killed run is free again; one
 * whose client is frozen in a transaction ends that after a minute, so that nobody waits for its tables for ever.
 */
export const settings = {
  search_path: "public",
  lock_timeout: "2s",
  statement_timeout: "15min",
  idle_in_transaction_session_timeout: "60s",
  client_connection_check_interval: "2s",
  tcp_keepalives_idle: "5",
  tcp_keepalives_interval: "2",
  tcp_keepalives_count: "3",
};

/** A connection that holds the migration lock. */
export interface Session {
  client: pg.Client;
  connection: Connection;
  /** When the server began it: together with the process id this names it. */
  startedAt: string;
  /** Brings back the state in which every file starts, whatever an earlier one set: see `settings`. */
  fresh: string[];
  /** Becomes the owner of what is made. Files may become somebody else, and the ledger is written as the owner. */
  asOwner: string;
  tell: (sentence: string) => void;
}

/**
 * @param label the application name: see `lockPostgres`.
 * @param tell see OpenOptions.
 */
export async function openSession(client: pg.Client, connection: Connection, label: string, tell: Session["tell"]) {
  const { rows } = await client.query(`
    SELECT (SELECT rolname FROM pg_roles WHERE rolname = 'trading_owner' AND pg_has_role(oid, 'MEMBER')) AS owner,
           (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS started`);
  const { owner, started } = rows[0];
  // Elsewhere, in a database that was not set up by this project, the login itself owns what it makes.
  const asOwner = owner === null ? "RESET ROLE" : `SET ROLE ${owner}`;
  const fresh = ["RESET ALL", `SET application_name = ${pg.escapeLiteral(label)}`, asOwner];
  return { client, connection, startedAt: started, fresh, asOwner, tell } satisfies Session;
}
