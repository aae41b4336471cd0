import { Disconnected, MigrationError } from "./errors.ts";
import type { Connection, Database, Engine, OpenOptions, RunRequest } from "./types.ts";

const reconnections = 5;

/** Loads only the driver that is needed: together they take longer to load than most runs to run. */
export async function open(engine: Engine, connection: Connection, options: OpenOptions): Promise<Database> {
  if (engine === "postgresql") return (await import("./postgresql/database.ts")).openPostgres(connection, options);
  return (await import("./mongodb/database.ts")).openMongo(connection, options);
}

/** Looks into a database. Takes no lock, changes nothing. */
export async function look<T>(
  engine: Engine,
  connection: Connection,
  at: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await open(engine, connection, { tell: () => {} });
  return at(database).finally(() => database.close());
}

/**
 * Works on a database that nobody else migrates meanwhile. Where the connection breaks, nobody knows what came of the last
 * statement: so all begins anew with a new connection, the lock and a look into the ledger.
 * @param work may be called several times, and has to find out what is left to do.
 * @throws LockHeld, MigrationError when the connection breaks six times, or the server does not come back within 60 s.
 */
export async function withLockedDatabase<T>(
  engine: Engine,
  { connection, container, lockWait = 60, tell = () => {} }: RunRequest,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  for (let broken = 0; ; broken++) {
    const database = await open(engine, connection, { container, again: broken > 0, tell });
    try {
      await database.lock(lockWait);
      return await work(database);
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
      if (broken === reconnections) {
        throw new MigrationError(
          `${error.message}, for the ${broken + 1}th time. Run \`pulumi up\` again when it is stable: the ledger tells what stands.`,
          { cause: error },
        );
      }
      tell(`${error.message}: connecting again, to read from the ledger what stands.`);
    } finally {
      // A connection that is broken can't be closed in order.
      await database.close().catch(() => {});
    }
  }
}
