import type { FileRef } from "./types.ts";

export interface Plan<File extends FileRef> {
  /** Files to apply, in order. Empty when there are refusals. */
  pending: File[];
  /** One sentence for each way in which the files don't fit what was applied, with the way out. */
  refusals: string[];
}

/**
 * Compares the files with what was applied. Pure: the ledger may come from a database or from Pulumi's state.
 * The rule: what was applied is a prefix of the files, name by name and text by text.
 */
export function plan<File extends FileRef>(files: readonly File[], ledger: readonly FileRef[]): Plan<File> {
  const applied = new Set(ledger.map((row) => row.name));
  const fileOf = new Map(files.map((file) => [file.name, file]));
  const strangers = files.filter((file) => !applied.has(file.name));
  const explained = new Set<FileRef>();
  const refusals: string[] = [];

  for (const row of ledger) {
    const file = fileOf.get(row.name);
    if (file?.checksum === row.checksum) continue;
    if (file) {
      refusals.push(
        `${row.name} was edited after it was applied. Bring its text back, and put the change into a new file.`,
      );
      continue;
    }
    const renamed = strangers.find((stranger) => stranger.checksum === row.checksum);
    const usurper = strangers.find((stranger) => number(stranger) === number(row));
    if (renamed) {
      explained.add(renamed);
      refusals.push(`${row.name} was applied, and is now called ${renamed.name}. Give it its old name back.`);
    } else if (usurper) {
      explained.add(usurper);
      refusals.push(
        `${row.name} was applied, but ${usurper.name} has its number now. ` +
          `Bring ${row.name} back, and give ${usurper.name} the next free number.`,
      );
    } else {
      refusals.push(
        `${row.name} was applied, but is not among the files. Bring it back, or use the checkout that has it.`,
      );
    }
  }

  const last = ledger.reduce((highest, row) => (number(row) > number(highest) ? row : highest), nothing);
  for (const file of strangers) {
    if (number(file) <= number(last) && !explained.has(file)) {
      refusals.push(`${file.name} comes before ${last.name}, which is applied. Give it the next free number.`);
    }
  }

  return { pending: refusals.length > 0 ? [] : strangers, refusals };
}

const nothing: FileRef = { name: "0000", checksum: "" };

function number(file: FileRef): string {
  return file.name.slice(0, 4);
}
