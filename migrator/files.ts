import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bulkChecksum, isBulk } from "./bulk.ts";
import { checksum } from "./checksum.ts";
import { refuseAlone, splitCompanions, stemOf } from "./companions.ts";
import { MigrationError, listed } from "./errors.ts";
import type { Engine, FileRef, Migration, SourceFile } from "./types.ts";

const migrationExtensions = { postgresql: ["sql"], mongodb: ["ts", "json"] };
const seedExtensions = { postgresql: ["sql", "csv"], mongodb: ["json", "ndjson"] };

/**
 * The migrations of a folder, in order, as the program states them to Pulumi.
 * @param directory relative to the project folder.
 * @throws MigrationError for a missing folder, a bad name, two files of one number, a gap, a companion left alone.
 */
export function listMigrations(engine: Engine, directory: string): FileRef[] {
  return arranged(engine, directory).names.map((name) => {
    const { checksum } = read(directory, name);
    return { name, checksum };
  });
}

/**
 * The seeds of the named sets, set by set, each in order. A set is a folder inside `directory`; named twice, it counts once.
 * @throws MigrationError for a set without a folder, a bad name, two files of one number.
 */
export function listSeeds(engine: Engine, directory: string, sets: readonly string[]): FileRef[] {
  return readSeeds(engine, directory, sets).map(({ name, checksum }) => ({ name, checksum }));
}

/** As `listMigrations`, with the texts, and with the companions of each. */
export function readMigrations(engine: Engine, directory: string): Migration[] {
  const { names, companions } = arranged(engine, directory);
  return names.map((name) => {
    const migration: Migration = read(directory, name);
    const { down, verify } = companions.get(stemOf(name)) ?? {};
    if (down !== undefined) migration.down = read(directory, down);
    if (verify !== undefined) migration.verify = read(directory, verify);
    return migration;
  });
}

/**
 * As `listSeeds`, with the texts; that of a bulk seed is "", because it is streamed. Gaps are allowed: a seed may be
 * dropped, and a renamed one would be seeded again.
 */
export function readSeeds(engine: Engine, directory: string, sets: readonly string[]): SourceFile[] {
  const existing = entriesOf(directory).sort();
  const unknown = sets.find((set) => !existing.includes(set));
  if (unknown !== undefined) {
    throw new MigrationError(
      `There is no seed set "${unknown}" in ${directory}; it has ${listed(existing) || "none"}.`,
    );
  }
  return [...new Set(sets)].flatMap((set) => {
    const folder = join(directory, set);
    const names = ordered(folder, entriesOf(folder), seedExtensions[engine]);
    return names.map((name) => ({ ...read(folder, name), name: `${set}/${name}` }));
  });
}

/** The names alone, so that a mere list doesn't read the companions. */
function arranged(engine: Engine, directory: string) {
  const extensions = migrationExtensions[engine];
  const { migrations, companions } = splitCompanions(directory, entriesOf(directory), extensions);
  const names = ordered(directory, migrations, extensions);
  refuseAlone(directory, names, companions, extensions);
  refuseGap(directory, names);
  return { names, companions };
}

function ordered(directory: string, entries: readonly string[], extensions: readonly string[]): string[] {
  const pattern = new RegExp(`^\\d{4}(_[a-z0-9]+)+\\.(${extensions.join("|")})$`);
  const names = [...entries].sort();
  names.forEach((name, index) => {
    if (!pattern.test(name) || name.startsWith("0000")) {
      throw new MigrationError(
        `${join(directory, name)} is not a name that can be ordered. ` +
          `Call it NNNN_verb_object.${extensions.join(" or .")}: four digits from 0001, ` +
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
  return names;
}

function refuseGap(directory: string, names: readonly string[]): void {
  names.forEach((name, index) => {
    const expected = String(index + 1).padStart(4, "0");
    if (name.startsWith(expected)) return;
    throw new MigrationError(
      `${join(directory, name)} should have the number ${expected}: migrations are numbered from 0001 without a gap. ` +
        `Rename it, or bring back the file that is missing.`,
      { migration: name },
    );
  });
}

function read(directory: string, name: string): SourceFile {
  const path = join(directory, name);
  try {
    if (isBulk(name)) return { name, checksum: bulkChecksum(path), path, text: "" };
    const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
    return { name, checksum: checksum(text), path, text };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MigrationError(`${path} can't be read (${code}). Make it a file that this user may read.`, {
      migration: name,
      cause,
    });
  }
}

/** Editors and systems leave hidden files behind; everything else in the folder must be meant. */
export function entriesOf(directory: string): string[] {
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
