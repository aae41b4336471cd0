import { hostname } from "node:os";
import { MongoClient, MongoServerError } from "mongodb";
import { LoginRefused } from "../errors.ts";
import { addressOf, connected } from "../readiness.ts";
import type { Connection, Wait } from "../types.ts";
import { authenticationFailed } from "./codes.ts";

/**
 * An open connection to this one server, logged in; the caller closes it. The one place where MongoDB connections are made.
 * Users live in the database `admin`. Writes count as done when a majority has them on disk.
 * @param wait see `connected`.
 * @throws LoginRefused, or MigrationError when the server can't be reached.
 */
export function connectMongo(connection: Connection, wait: Wait = {}): Promise<MongoClient> {
  const name = `MongoDB at ${addressOf(connection)}`;
  return connected(() => connect(connection, name), { name, secrets: [connection.password], ...wait });
}

async function connect(connection: Connection, server: string): Promise<MongoClient> {
  const { user, password } = connection;
  const client = new MongoClient(`mongodb://${addressOf(connection)}/`, {
    auth: { username: user, password },
    authSource: "admin",
    // The set's members know each other by names that only their network resolves.
    directConnection: true,
    appName: `trading-db ${process.pid}@${hostname()}`,
    serverSelectionTimeoutMS: 3000,
    connectTimeoutMS: 3000,
    // The driver's monitor asks this often. Without an answer for this and connectTimeoutMS together, it breaks the
    // connections in use: a command may run for hours, but not on a server that is gone.
    heartbeatFrequencyMS: 2000,
    writeConcern: { w: "majority", journal: true },
    readConcern: { level: "majority" },
  });
  try {
    await client.connect();
    await client.db("admin").command({ connectionStatus: 1 });
    return client;
  } catch (cause) {
    await client.close().catch(() => {});
    if (!(cause instanceof MongoServerError) || cause.code !== authenticationFailed) throw cause;
    throw new LoginRefused(
      `${server} refuses the password of ${user}.`,
      "Somebody changed it, its volume was made with another one, or its first start was killed before the user was made. " +
        "`npm run recover:mongodb` sets the password that this stack has; no data are lost.",
      cause,
    );
  }
}
