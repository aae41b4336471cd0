import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { baseline } from "../adopt.ts";
import { MigrationError, listed } from "../errors.ts";
import type { RunRequest } from "../types.ts";
import { connectPostgres } from "./connection.ts";
import { openSession } from "./session.ts";

export interface AdoptRequest extends RunRequest {
  /** Folder of the other tool's files. */
  from: string;
  /** Its table of what is applied, such as `public.pgmigrations`. */
  table: string;
}

export interface AdoptReport {
  /** Each file under its former and its new name. */
  copied: { from: string; to: string }[];
  /** New names of those that the other tool had applied. */
  baselined: string[];
}

/**
 * Takes over a folder of plain SQL migrations and what another tool noted as applied: the files are copied under names that
 * can be ordered, and those that were applied count as applied here, too. The other tool's files and table stay as they are.
 * @throws MigrationError for a folder that is not empty, a table in which no column tells the files apart, a gap in it.
 */
export async function adoptFolder(request: AdoptRequest): Promise<AdoptReport> {
  const { from, table, directory } = request;
  const names = sqlFilesOf(from);
  mkdirSync(directory, { recursive: true });
  const present = readdirSync(directory);
  if (present.length > 0) {
    throw new MigrationError(
      `${directory} is not empty: it has ${listed(present.slice(0, 3))}. Nothing was copied. Adopt into an empty folder.`,
    );
  }
  const applied = appliedOf(names, await rowsOf(request, table), table);
  const copied = names.map((name, index) => ({
    from: name,
    to: `${String(index + 1).padStart(4, "0")}_${words(name)}.sql`,
  }));
  const last = copied[applied - 1];
  try {
    for (const { from: name, to } of copied) copyFileSync(join(from, name), join(directory, to));
    return { copied, baselined: last ? await baseline("postgresql", { ...request, to: last.to }) : [] };
  } catch (error) {
    for (const { to } of copied) rmSync(join(directory, to), { force: true });
    throw error;
  }
}

/** Files of the way forward, in the order in which the tools that number them run them. */
function sqlFilesOf(folder: string): string[] {
  const isBack = /(^U\d)|\.(down|undo|revert)\.sql$/i;
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql") && !isBack.test(name));
  if (names.length === 0) throw new MigrationError(`${folder} has no SQL migration.`);
  return names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** `create_users` of `V1.2__Create-Users.up.sql` and `1699999999_create_users.sql`. */
function words(name: string): string {
  const stem = name.replace(/(\.(up|do))?\.sql$/i, "").replace(/^[A-Z]?[\d.]+[-_.]*/i, "");
  return (
    stem
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .replace(/^_|_$/g, "") || "migration"
  );
}

async function rowsOf({ connection, container }: RunRequest, table: string): Promise<Record<string, unknown>[]> {
  const client = await connectPostgres(connection, { container });
  try {
    const { asOwner } = await openSession(client, connection, "", () => {});
    await client.query(asOwner);
    const { rows } = await client.query("SELECT to_regclass($1)::text AS name", [table]);
    if (rows[0].name === null)
      throw new MigrationError(
        `${connection.database} has no table ${table}. Name the one in which the other tool notes what is applied.`,
      );
    return (await client.query(`SELECT * FROM ${rows[0].name}`)).rows;
  } finally {
    await client.end();
  }
}

/**
 * How many of the files, from the first on, are applied. A tool notes a file's name, its name without ending, or the number
 * at its front; one that notes a single number means all files up to it.
 */
function appliedOf(names: string[], rows: Record<string, unknown>[], table: string): number {
  const keysOf = (name: string) => {
    const stem = name.replace(/(\.(up|do))?\.sql$/i, "");
    const number = /^[A-Z]?([\d.]+)/i.exec(name)?.[1]?.replace(/\.$/, "") ?? name;
    return [name, stem, number, number.replace(/^0+(?=\d)/, "")];
  };
  const columns = Object.keys(rows[0] ?? {});
  const hits = columns.map((column) => {
    const values = new Set(rows.map((row) => String(row[column])));
    return names.map((name) => keysOf(name).some((key) => values.has(key)));
  });
  const count = (found: boolean[]) => found.filter(Boolean).length;
  const best = hits.reduce((most, found) => (count(found) > count(most) ? found : most), [] as boolean[]);
  if (rows.length > 0 && count(best) === 0) {
    throw new MigrationError(
      `No column of ${table} has names or numbers of the files. Nothing was copied. Name the table of the tool that ran them.`,
    );
  }
  const last = best.lastIndexOf(true);
  const gap = count(best) === 1 ? -1 : best.slice(0, last).indexOf(false);
  if (gap >= 0) {
    throw new MigrationError(
      `${table} has ${names[last]} as applied, but not ${names[gap]} before it. Nothing was copied. Apply that one with the other tool first.`,
    );
  }
  return last + 1;
}
