import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { baseline } from "../adopt.ts";
import { MigrationError, listed } from "../errors.ts";
import { entriesOf } from "../files.ts";
import type { RunRequest } from "../types.ts";
import { connectPostgres } from "./connection.ts";
import { appliedOf } from "./otherLedger.ts";
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
 * @throws MigrationError for files that are not run once and forward, a folder that is not empty, a table in which no column
 * tells the files apart, a gap in it, a migration in it that failed.
 */
export async function adoptFolder(request: AdoptRequest): Promise<AdoptReport> {
  const { from, table, directory } = request;
  const names = sqlFilesOf(from);
  mkdirSync(directory, { recursive: true });
  const present = entriesOf(directory);
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
  const names = entriesOf(folder).filter((name) => name.endsWith(".sql") && !isBack.test(name));
  if (names.length === 0) throw new MigrationError(`${folder} has no SQL migration.`);
  names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  for (const name of names) refuseUnlessForward(folder, name);
  return names;
}

/** Where the way back begins in a file of node-pg-migrate, of goose or sql-migrate, of dbmate. */
const backInside = /^\s*--[\s-]*(down\s+migration\b.*|\+(?:goose|migrate)\s+down\b.*|migrate:down\b.*)/im;

/** Where the way forward begins in a file of dbmate: as a directive that nobody knows it would be refused later. */
const upInside = /^\s*--\s*(migrate:up\b.*)/im;

/** A file runs from its first line to its last, once. */
function refuseUnlessForward(folder: string, name: string): void {
  if (/^R__/.test(name)) {
    throw new MigrationError(
      `${join(folder, name)} is repeatable: Flyway runs it after each edit, and a migration runs once. Nothing was copied. ` +
        "Give it the version after the last one, or move it out of the folder.",
    );
  }
  const text = readFileSync(join(folder, name), "utf8");
  const [, marker] = backInside.exec(text) ?? [];
  const up = upInside.exec(text)?.[1]?.trim();
  if (marker === undefined && up !== undefined) {
    throw new MigrationError(
      `${join(folder, name)} has the line "-- ${up}", which is no directive here. Nothing was copied. ` +
        "Take out that line, in this and each other such file.",
    );
  }
  if (marker === undefined) return;
  const stem = name.slice(0, -".sql".length);
  throw new MigrationError(
    `${join(folder, name)} has its way back in it, from "-- ${marker.trim()}" on, and would run both ways. Nothing was copied. ` +
      `Move that part into ${stem}.down.sql, which is not adopted, ` +
      `${up === undefined ? "" : `and take out the line "-- ${up}", `}in this and each other such file.`,
  );
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
