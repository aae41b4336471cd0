import { hostname } from "node:os";
import pg from "pg";
import { LoginRefused, NoConnectionLeft, messageOf } from "../errors.ts";
import { addressOf, connected } from "../readiness.ts";
import type { Connection, Wait } from "../types.ts";

/** PostgreSQL cuts application names at 63 bytes. Whoever waits for the lock is shown this one. */
export const applicationName = `trading-db ${process.pid}@${hostname()}`.slice(0, 63);

/**
 * An open connection; the caller ends it. The one place where PostgreSQL connections are made.
 * @param wait see `connected`.
 * @param settings with which the session begins, and to which RESET ALL brings it back.
 * @throws LoginRefused, or MigrationError when the server can't be reached, or has no connection left.
 */
export function connectPostgres(
  connection: Connection,
  wait: Wait = {},
  settings: Record<string, string> = {},
): Promise<pg.Client> {
  const name = `PostgreSQL at ${addressOf(connection)}`;
  const ready = connected(() => connect(connection, name, settings), { name, secrets: [connection.password], ...wait });
  return ready.catch((error: unknown) => {
    const cause = (error as Error).cause;
    if ((cause as { code?: string } | undefined)?.code !== tooManyConnections) throw error;
    throw new NoConnectionLeft(
      `${name} has no connection left for ${connection.user}.`,
      "See who has them, and the command that ends those that are idle: `npx trading-db doctor`.",
      cause,
    );
  });
}

const tooManyConnections = "53300";

async function connect(connection: Connection, server: string, settings: Record<string, string>): Promise<pg.Client> {
  const options = { application_name: applicationName, connectionTimeoutMillis: 5000, keepAlive: true };
  const set = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const client = new pg.Client({ ...connection, ...options, options: set.join(" ") });
  // A connection that breaks while idle is told by the next query; without a listener it would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await client.end().catch(() => {});
    if (!refusals.has((cause as { code?: string }).code ?? "")) throw cause;
    throw new LoginRefused(
      `${server} refuses ${connection.user} in ${connection.database}: ${messageOf(cause)}.`,
      "Run `pulumi up --refresh`, which sets up the database and its roles again.",
      cause,
    );
  }
}

/**
 * SQLSTATEs that waiting does not mend: role that may not log in or has no line in pg_hba.conf, wrong password,
 * no such database, no CONNECT privilege.
 */
const refusals = new Set(["28000", "28P01", "3D000", "42501"]);
