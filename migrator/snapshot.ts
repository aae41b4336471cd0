import { driftBetween, nextSnapshot } from "./catalog.ts";
import { Disconnected } from "./errors.ts";
import type { Database, Ledger } from "./types.ts";

/**
 * Changes the schema, and notes it as the migrations left it, also when one of them fails. What somebody else changed before
 * is told, and is not taken for theirs.
 * @param ledger as it is before.
 * @param change runs migrations, up or down.
 */
export async function withSnapshot<T>(
  database: Database,
  ledger: Ledger,
  tell: (sentence: string) => void,
  change: () => Promise<T>,
): Promise<T> {
  const noted = isAsNoted(ledger) ? (await database.readSnapshot())?.objects : undefined;
  const before = await database.readCatalog();
  // So that what a killed first run made is known from what was there before it.
  if (ledger.snapshotOf === undefined && ledger.version === "")
    await database.writeSnapshot({ version: "", objects: before });
  if (noted) for (const sentence of driftBetween(noted, before)) tell(`Drift: ${sentence}.`);
  const note = async () => {
    const version = stateOf(await database.readLedger());
    await database.writeSnapshot({ version, objects: nextSnapshot(noted, before, await database.readCatalog()) });
  };
  let result: T;
  try {
    result = await change();
  } catch (error) {
    if (!(error instanceof Disconnected)) await note().catch(() => {});
    throw error;
  }
  await note();
  return result;
}

/** Whether the last run noted the schema. Where it was killed, nobody knows who changed what since the last snapshot. */
export function isAsNoted(ledger: Ledger): boolean {
  return ledger.snapshotOf === stateOf(ledger) && !ledger.unfinished?.started;
}

/** What a snapshot is taken of: the last migration, and how far the next one is. */
function stateOf({ version, unfinished }: Ledger): string {
  return unfinished ? `${version}, ${unfinished.done.length} of ${unfinished.name}` : version;
}
