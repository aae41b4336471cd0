import { counted, listed } from "../../migrator/errors.ts";
import { UserError } from "../errors.ts";
import type { Manifest } from "./manifest.ts";
import { scratchFacts } from "./mongodb.ts";
import { clusterFacts, countRows, inScratch } from "./postgresql.ts";
import type { Scratch } from "./scratch.ts";
import { PsqlSession } from "./tools.ts";

type Counts = Record<string, number>;

/** @throws UserError where the server of a scratch does not hold what the base backup was made of */
export async function comparePostgres(scratch: Scratch, manifest: Manifest["postgresql"]): Promise<void> {
  const session = new PsqlSession(inScratch(scratch), manifest.database);
  try {
    const { systemIdentifier, schemaVersion } = await clusterFacts(session);
    refuseOther("PostgreSQL", "cluster", systemIdentifier, manifest.systemIdentifier);
    refuseOther("PostgreSQL", "schema", schemaVersion, manifest.schemaVersion);
    const { rowsBefore, rows, rowsWritten } = manifest;
    refuseDifference("PostgreSQL", "row", await countRows(session), rowsBefore, rows, rowsWritten);
  } finally {
    await session.end();
  }
}

/** @throws UserError where the server of a scratch does not hold what the dump was made of */
export async function compareMongo(scratch: Scratch, manifest: Manifest["mongodb"]): Promise<void> {
  const found = await scratchFacts(scratch, manifest.database);
  refuseOther("MongoDB", "schema", found.schemaVersion, manifest.schemaVersion);
  refuseDifference("MongoDB", "document", found.documents, manifest.documentsBefore, manifest.documents);
  refuseDifference("MongoDB", "index", found.indexes, manifest.indexesBefore ?? manifest.indexes, manifest.indexes);
}

/**
 * Compares counts with those before and after a copy was made. Where nobody wrote meanwhile the two are equal, and the
 * comparison is exact.
 * @param written by how much the counts may have gone up and down in between
 */
export function refuseDifference(
  what: string,
  noun: string,
  found: Counts,
  before: Counts,
  after: Counts,
  written: Counts = {},
): void {
  const names = [...new Set([...Object.keys(found), ...Object.keys(before), ...Object.keys(after)])].sort();
  const differences = names.flatMap((name) => {
    const bounds = [before[name] ?? 0, after[name] ?? 0];
    const [count, slack] = [found[name] ?? 0, written[name] ?? 0];
    if (count >= Math.min(...bounds) - slack && count <= Math.max(...bounds) + slack) return [];
    return [`${name} has ${counted(count, noun)} instead of ${counted(after[name] ?? 0, noun)}`];
  });
  if (differences.length > 0) throw new UserError(`${what} was restored, and differs: ${listed(differences)}.`);
}

function refuseOther(what: string, noun: string, found: string, wanted: string): void {
  if (found !== wanted) throw new UserError(`${what} was restored with the ${noun} "${found}" instead of "${wanted}".`);
}
