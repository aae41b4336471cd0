import { isAsNoted } from "./snapshot.ts";
import type { Database, Ledger } from "./types.ts";

/**
 * Tables and collections that a run made which was killed before it noted the schema, and into which nobody has put anything
 * since. They are as new as if the next run made them: the rest of the files is judged as it was at first.
 * @returns names as the engine's linter has them.
 */
export async function stillNew(database: Database, ledger: Ledger): Promise<string[]> {
  const isBegun = ledger.migrations.length > 0 || ledger.unfinished !== undefined;
  if (!isBegun || isAsNoted(ledger)) return [];
  const noted = (await database.readSnapshot())?.objects ?? {};
  const found = Object.entries(await database.readCatalog());
  const made = found.filter(
    // Rows of one that is a part of another, or its whole, may be rows of that one.
    ([key, definition]) => !(key in noted) && !/^(partition of|inheriting|partitioned by) /m.test(definition),
  );
  return database.emptyOf(made.flatMap(([key]) => /^(?:table|collection) (.+)$/.exec(key)?.[1] ?? []));
}
