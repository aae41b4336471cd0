import type { FileRef, Unfinished } from "./types.ts";

export interface Plan<File extends FileRef> {
  /** Files to apply, in order. Empty when there are refusals. */
  pending: File[];
  /** One sentence for each way in which the files don't fit what was applied, with the way out. */
  refusals: string[];
}

/** What was applied, as the ledger or Pulumi's state has it. */
export interface Applied {
  migrations: readonly FileRef[];
  unfinished?: Unfinished;
}

/** Files whose text is another one than was applied. */
export function editedFiles<File extends FileRef>(files: readonly File[], { migrations }: Applied): File[] {
  const applied = new Map(migrations.map((row) => [row.name, row.checksum]));
  return files.filter(({ name, checksum }) => (applied.get(name) ?? checksum) !== checksum);
}

/**
 * Compares the files with what was applied. Pure: the ledger may come from a database or from Pulumi's state.
 * The rule: what was applied is a prefix of the files, name by name and text by text.
 * @param edits for an edited file, in which line it was: see edits.ts.
 */
export function plan<File extends FileRef>(
  files: readonly File[],
  { migrations, unfinished }: Applied,
  edits: ReadonlyMap<string, string> = new Map(),
): Plan<File> {
  const applied = new Set(migrations.map((row) => row.name));
  const fileOf = new Map(files.map((file) => [file.name, file]));
  const strangers = files.filter((file) => !applied.has(file.name));
  const explained = new Set<FileRef>();
  const refusals: string[] = [];

  for (const row of migrations) {
    const file = fileOf.get(row.name);
    if (file?.checksum === row.checksum) continue;
    if (file) {
      const where = edits.get(row.name);
      refusals.push(
        `${row.name} was edited after it was applied${where ? `: ${where}` : ""}. Bring its text back, and put the change ` +
          `into a new file. Where only comments changed, \`npm run migrate -- repair ${row.name}\` accepts them.`,
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

  const last = migrations.reduce((highest, row) => (number(row) > number(highest) ? row : highest), nothing);
  for (const file of strangers) {
    if (number(file) <= number(last) && !explained.has(file)) {
      refusals.push(`${file.name} comes before ${last.name}, which is applied. Give it the next free number.`);
    }
  }
  refusals.push(...interrupted(unfinished, strangers[0]));

  return { pending: refusals.length > 0 ? [] : strangers, refusals };
}

/** A file of which a part stands has to be the next one: its rest is still to be done. */
function interrupted(unfinished: Unfinished | undefined, next: FileRef | undefined): string[] {
  if (!unfinished || unfinished.name === next?.name) return [];
  const { name } = unfinished;
  if (name.includes(".down.")) {
    return [`${name} was interrupted, and a part of it stands. End it first: \`npm run migrate -- down\`.`];
  }
  return [
    `${name} was interrupted, and a part of it stands, but ${next ? `${next.name} comes next` : "it is not among the files"}. ` +
      `Bring ${name} back as the next file after those that are applied.`,
  ];
}

const nothing: FileRef = { name: "0000", checksum: "" };

function number(file: FileRef): string {
  return file.name.slice(0, 4);
}
