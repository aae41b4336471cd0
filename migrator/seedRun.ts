import { ApplyFailure } from "./errors.ts";
import { readSeeds } from "./files.ts";
import { withLockedDatabase } from "./open.ts";
import { appliedBefore, refuseUnlessPreviewed, withHistory } from "./run.ts";
import { seedPlan } from "./seeds.ts";
import type { Engine, Ledger, SeedReport, SeedRequest, SourceFile } from "./types.ts";

/**
 * Inserts the requested seeds that the ledger doesn't have, and what is new in those that were edited since. What users
 * changed or deleted stays so, unless the request says otherwise.
 * @throws MigrationError for a file that fails, LockHeld.
 */
export async function seed(engine: Engine, request: SeedRequest): Promise<SeedReport> {
  const { overwrite = false, directory, sets } = request;
  const files = readSeeds(engine, directory, sets);
  if (request.seeds) refuseUnlessPreviewed(directory, files, request.seeds);
  // Where the connection broke, this run goes on after those.
  const done: SourceFile[] = [];
  const changed: string[] = [];
  return withLockedDatabase(engine, request, async (database) => {
    const ledger = await database.readLedger();
    const isNeeded = needed(files, ledger, overwrite);
    for (const file of files.filter((file) => isNeeded(file) && !done.includes(file))) {
      const known = ledger.seeds.some(({ name }) => name === file.name);
      try {
        const { left } = await database.seed(file, { known, overwrite });
        if (left !== undefined) changed.push(left);
        done.push(file);
      } catch (error) {
        if (error instanceof ApplyFailure) throw withHistory(error, file, appliedBefore(done, ledger.seeds));
        throw error;
      }
    }
    return { seeded: files.map(({ name }) => name), changed };
  });
}

/** To overwrite is to bring back what the files say, also where they are as they were; a script can't be run twice so. */
function needed(files: SourceFile[], ledger: Ledger, overwrite: boolean): (file: SourceFile) => boolean {
  const { pending, edited } = seedPlan(files, ledger.seeds);
  const changed = new Set([...pending, ...edited]);
  return (file) => changed.has(file) || (overwrite && !file.name.endsWith(".sql"));
}
