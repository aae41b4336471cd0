import type { FileRef } from "./types.ts";

export interface SeedPlan<File extends FileRef> {
  /** Files that were never seeded, in order. */
  pending: File[];
  /** Files edited since they were seeded, in order. */
  edited: File[];
}

/**
 * Compares the files with the ledger. A file that reads as it was seeded is never run again, whatever users did to its
 * data since. What becomes of an edited one is for its kind to say: see seed.ts of both engines.
 */
export function seedPlan<File extends FileRef>(files: readonly File[], ledger: readonly FileRef[]): SeedPlan<File> {
  const seeded = new Map(ledger.map((row) => [row.name, row.checksum]));
  return {
    pending: files.filter((file) => !seeded.has(file.name)),
    edited: files.filter((file) => seeded.has(file.name) && seeded.get(file.name) !== file.checksum),
  };
}
