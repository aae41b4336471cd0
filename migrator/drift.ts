import { driftBetween } from "./catalog.ts";
import { look } from "./open.ts";
import type { Connection, Engine } from "./types.ts";

/**
 * How the schema differs from what the migrations made, object by object, in words; empty where it does not, or where the
 * migrator never ran. Takes no lock, changes nothing.
 */
export function findDrift(engine: Engine, connection: Connection): Promise<string[]> {
  return look(engine, connection, async (database) => {
    const snapshot = await database.readSnapshot();
    return snapshot ? driftBetween(snapshot.objects, await database.readCatalog()) : [];
  });
}
