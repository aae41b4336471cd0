import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { checksum } from "./checksum.ts";
import { MigrationError, listed } from "./errors.ts";
import type { Engine, FileRef, SourceFile } from "./types.ts";

const migrationExtension = { postgresql: "sql", mongodb: "ts" } as const;
const seedExtension = { postgresql: "sql", mongodb: "json" } as const;

/**
 * The migrations of a folder, in order, as the program states them to Pulumi.
 * @param directory relative to the project folder.
 * @throws MigrationError for a missing folder, a bad name, two files of one number, a gap.
 */
export function listMigrations(engine: Engine, directory: string): FileRef[] {
  return readMigrations(engine, directory).map(({ name, checksum }) => ({ name, checksum }));
}

/**
 * The seeds of the named sets, set by set, each in order. A set is a folder inside `directory`.
 * @throws MigrationError for a set without a folder, a bad name, two files of one number.
 */
export function listSeeds(engine: Engine, directory: string, sets: readonly string[]): FileRef[] {
  return readSeeds(engine, directory, sets).map(({ name, checksum }) => ({ name, checksum }));
}

/** As `listMigrations`, with the texts. */
export function readMigrations(engine: Engine, directory: string): SourceFile[] {
  const files = readNumbered(directory, migrationExtension[engine]);
  files.forEach((file, index) => {
    const expected = String(index + 1).padStart(4, "0");
    if (!file.name.startsWith(expected)) {
      throw new MigrationError(
        `${file.path} should have the number ${expected}: migrations are numbered from 0001 without a gap. ` +
          `Rename it, or bring back the file that is missing.`,
        { migration: file.name },
      );
    }
  });
  return files;
}

/** As `listSeeds`, with the texts. Gaps are allowed: a seed may be dropped, and a renamed one would be seeded again. */
export function readSeeds(engine: Engine, directory: string, sets: readonly string[]): SourceFile[] {
  const existing = entriesOf(directory).sort();
  const unknown = sets.find((set) => !existing.includes(set));
  if (unknown !== undefined) {
    throw new MigrationError(
      `There is no seed set "${unknown}" in ${directory}; it has ${listed(existing) || "none"}.`,
    );
  }
  return sets.flatMap((set) =>
    readNumbered(join(directory, set), seedExtension[engine]).map((file) => ({ ...file, name: `${set}/${file.name}` })),
  );
}

function readNumbered(directory: string, extension: string): SourceFile[] {
  const pattern = new RegExp(`^\\d{4}(_[a-z0-9]+)+\\.${extension}$`);
  const names = [...entriesOf(directory)].sort();
  names.forEach((name, index) => {
    const path = join(directory, name);
    if (!pattern.test(name) || name.startsWith("0000")) {
      throw new MigrationError(
        `${path} is not a name that can be ordered. Call it NNNN_verb_object.${extension}: four digits from 0001, ` +
          `then lower case letters, digits and single underscores; or move it out of the folder.`,
        { migration: name },
      );
    }
    const previous = names[index - 1];
    if (previous?.slice(0, 4) === name.slice(0, 4)) {
      throw new MigrationError(
        `${previous} and ${name} in ${directory} have the same number. ` +
          `Give the one that was not applied anywhere yet the next free number.`,
        { migration: name },
      );
    }
  });
  return names.map((name) => {
    const path = join(directory, name);
    const text = textOf(path, name).replace(/^\uFEFF/, "");
    return { name, checksum: checksum(text), path, text };
  });
}

function textOf(path: string, migration: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MigrationError(`${path} can't be read (${code}). Make it a file that this user may read.`, {
      migration,
      cause,
    });
  }
}

/** Editors and systems leave hidden files behind; everything else in the folder must be meant. */
function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith("."));
  } catch (cause) {
    throw new MigrationError(
      `The folder ${directory} can't be read (${(cause as NodeJS.ErrnoException).code}). ` +
        `Paths are relative to the project folder: run from there, or mend the path.`,
      { cause },
    );
  }
}
