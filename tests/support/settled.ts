import { expect } from "@jest/globals";
import { findDrift } from "../../migrator/drift.ts";
import { look, open } from "../../migrator/open.ts";
import { migrate, readLedger } from "../../migrator/run.ts";
import type { Connection, Engine } from "../../migrator/types.ts";
import type { Server } from "./databases.ts";
import { migrationsOf } from "./migrations.ts";
import { freshMongo, freshPostgres } from "./migratorDatabases.ts";

/**
 * Expects that nothing is left of a fault: ledger and schema are those of a database to which the same folder was applied
 * without one, no file is half done, nothing has drifted, and the lock is free at once.
 * @param seeds that the ledger has to have, each once.
 */
export async function expectSettled(
  engine: Engine,
  server: Server,
  connection: Connection,
  directory: string,
  seeds: string[] = [],
): Promise<void> {
  const calm = engine === "postgresql" ? await freshPostgres(server) : freshMongo(connection);
  await migrate(engine, migrationsOf(engine, calm, directory));

  // Whoever took the lock took it at once, and gave it back.
  const locked = await open(engine, connection, { tell: () => {} });
  await locked.lock(0).finally(() => locked.close());
  const [found, wanted] = [await readLedger(engine, connection), await readLedger(engine, calm)];
  const files = (rows: { name: string; checksum: string }[]) => rows.map(({ name, checksum }) => ({ name, checksum }));
  expect(files(found.migrations)).toEqual(files(wanted.migrations));
  expect(found.seeds.map(({ name }) => name)).toEqual(seeds);
  expect(found.unfinished).toBeUndefined();
  expect(await look(engine, connection, (database) => database.readCatalog())).toEqual(
    await look(engine, calm, (database) => database.readCatalog()),
  );
  expect(await findDrift(engine, connection)).toEqual([]);
}
