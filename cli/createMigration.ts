import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { listMigrations } from "../migrator/files.ts";
import type { Engine } from "../migrator/types.ts";
import { UserError } from "../operations/errors.ts";
import { migrationTemplates } from "./migrationTemplates.ts";

export const usage = "npm run migration:new postgresql add_order_type";
const lastNumber = 9999;

/**
 * Makes the file of a new migration: the next number, and a template that explains itself.
 * @param words engine and name, such as `postgresql` and `add_order_type`.
 * @param directoryOf where an engine's migrations are, relative to the project folder.
 * @returns the path of the file.
 * @throws UserError or MigrationError for words or a folder that make no migration.
 */
export function createMigration(
  words: readonly string[],
  directoryOf: (engine: Engine) => string = (engine) => `schema/${engine}/migrations`,
): string {
  const [engine, name] = understood(words);
  const directory = directoryOf(engine);
  const number = listMigrations(engine, directory).length + 1;
  if (number > lastNumber) {
    throw new UserError(
      `${directory} has no number left after ${lastNumber}: numbers have four digits. ` +
        "Put one migration that makes the schema as it is now into a new folder, and go on from there.",
    );
  }
  const stem = `${String(number).padStart(4, "0")}_${name}`;
  const { extension, text } = migrationTemplates[engine];
  const path = join(directory, `${stem}.${extension}`);
  write(path, text(stem));
  return path;
}

function understood(words: readonly string[]): [Engine, string] {
  const [engine, name, ...others] = words;
  if (engine === undefined || name === undefined || others.length > 0) {
    throw new UserError(`A new migration takes an engine and a name, without blanks: ${usage}`);
  }
  if (!Object.hasOwn(migrationTemplates, engine)) {
    throw new UserError(`There is no engine ${JSON.stringify(engine)}; there are postgresql and mongodb: ${usage}`);
  }
  if (!/^[a-z0-9]+(_[a-z0-9]+)*$/.test(name)) {
    const better = cleaned(name);
    throw new UserError(
      `${JSON.stringify(name)} is no name for a migration: it takes lower case letters, digits and single underscores. ` +
        `Try: ${better === "" ? usage : `npm run migration:new ${engine} ${better}`}`,
    );
  }
  return [engine as Engine, name];
}

/** `add_order_type` of `AddOrderType`, `add order-type` and `0019_add_order_type.sql`. */
function cleaned(name: string): string {
  return name
    .replace(/^\d{4}_|\.(sql|ts|json)$/g, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
}

/** Never over a file that somebody else made since the folder was read. */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (cause) {
    throw new Error(
      `${path} can't be written (${(cause as NodeJS.ErrnoException).code}). ` +
        "Make its folder one that this user may write to, or choose a shorter name.",
      { cause },
    );
  }
}
