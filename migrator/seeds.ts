import type { FileRef } from "./types.ts";

export interface SeedPlan<File extends FileRef> {
  /** Files that were never seeded, in order. */
  pending: File[];
  /** Names of files edited since they were seeded. */
  changed: string[];
}

/**
 * Seeds are given once: a file in the ledger is never run again, whatever users did to its data since,
 * and whatever became of its text. So an edit is told and left alone.
 */
export function seedPlan<File extends FileRef>(files: readonly File[], ledger: readonly FileRef[]): SeedPlan<File> {
  const seeded = new Map(ledger.map((row) => [row.name, row.checksum]));
  return {
    pending: files.filter((file) => !seeded.has(file.name)),
    changed: files
      .filter((file) => seeded.has(file.name) && seeded.get(file.name) !== file.checksum)
      .map((file) => file.name),
  };
}
