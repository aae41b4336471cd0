import { closeSync, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { bulkBytes, chunkBytes, progressOf, type Progress } from "../bulk.ts";
import { leftDiffering } from "../leftAsIs.ts";
import { MigrationError, counted } from "../errors.ts";
import type { SourceFile } from "../types.ts";

export interface SeedOutcome {
  /** A sentence on what was left as users made it. */
  left?: string;
  /** Nothing was done, so nothing is to be recorded: the next run tells it again. */
  untouched?: boolean;
}

/** What an edited file is copied into first. Gone with the transaction. */
const staging = "pg_temp.trading_seed_rows";

/**
 * Copies `NNNN_table.csv` into public.table. The first line names the columns; the rest is CSV as COPY reads it. The
 * server does all the work; here nothing is done per row. Runs inside the caller's transaction.
 *
 * An edited file is copied beside the table, and what is new by a primary or unique key of the table is inserted. Rows
 * that are there are left; with `overwrite` they get the file's values, by the primary key.
 */
export async function seedCsv(
  client: pg.Client,
  file: SourceFile,
  options: { known: boolean; overwrite: boolean; tell: (sentence: string) => void },
): Promise<SeedOutcome> {
  const name = /^\d{4}_(.+)\.csv$/.exec(file.name.slice(file.name.lastIndexOf("/") + 1))![1]!;
  const table = `public.${pg.escapeIdentifier(name)}`;
  const columns = headerOf(file);
  const list = columns.map(pg.escapeIdentifier).join(", ");
  const progress = progressOf(file, options.tell);
  // How long it takes depends on the file; that it goes on is told.
  await client.query("SET LOCAL statement_timeout = 0");
  if (!options.known && !options.overwrite) {
    progress.end(counted(await copy(client, file, `${table} (${list})`, progress), "row"));
    return {};
  }

  const key = await keyOf(client, name, columns, options.overwrite);
  if (!key && options.overwrite) {
    const reason = noKey.replace(" or unique key (NOT NULL)", " key");
    throw new MigrationError(`${file.name} can't overwrite rows of ${name}: ${reason}`, { migration: file.name });
  }
  if (!key) {
    const left = `${file.name} was edited since it was seeded, and was left alone: ${noKey}. Give new rows a file of their own.`;
    return { left, untouched: true };
  }
  await client.query(
    `CREATE TEMPORARY TABLE trading_seed_rows ON COMMIT DROP AS SELECT ${list} FROM ${table} WITH NO DATA`,
  );
  const rows = await copy(client, file, `${staging} (${list})`, progress);
  await client.query(`ANALYZE ${staging}`);
  const differing = options.overwrite ? 0 : await countDiffering(client, table, key, columns);
  const rest = columns.filter((column) => !key.includes(column)).map(pg.escapeIdentifier);
  const onConflict =
    options.overwrite && rest.length > 0
      ? `(${key.map(pg.escapeIdentifier).join(", ")}) DO UPDATE SET ${rest.map((c) => `${c} = EXCLUDED.${c}`).join(", ")}`
      : "DO NOTHING";
  // As COPY does, values for identity columns are taken.
  const inserted = await client.query(
    `INSERT INTO ${table} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM ${staging} ON CONFLICT ${onConflict}`,
  );
  progress.end(counted(rows, "row"), `, ${counted(inserted.rowCount ?? 0, "row")} of ${name} written`);
  return { left: leftDiffering(file, differing, "row", name) };
}

async function copy(client: pg.Client, file: SourceFile, target: string, progress: Progress): Promise<number> {
  const sink = client.query(
    // The server checks that the header names these columns: one that was read wrongly here copies nothing.
    copyFrom(`COPY ${target} FROM STDIN (FORMAT csv, HEADER MATCH, ENCODING 'UTF8')`, { highWaterMark: chunkBytes }),
  );
  let bytes = 0;
  async function* watched() {
    for await (const chunk of bulkBytes(file)) {
      yield chunk;
      bytes += chunk.length;
      // To count rows would cost time on each; one chunk tells how long they are.
      progress.at(bytes, () => `about ${counted(Math.round(bytes / bytesPerRow(chunk)), "row")}`);
    }
  }
  await pipeline(watched, sink);
  return sink.rowCount;
}

function bytesPerRow(chunk: Buffer): number {
  let lines = 0;
  for (let at = -1; (at = chunk.indexOf(10, at + 1)) >= 0;) lines += 1;
  return chunk.length / Math.max(lines, 1);
}

/** The columns that the first line names. */
function headerOf(file: SourceFile): string[] {
  const start = Buffer.alloc(65_536);
  const descriptor = openSync(file.path, "r");
  const length = readSync(descriptor, start);
  closeSync(descriptor);
  const [line] = start
    .toString("utf8", 0, length)
    .replace(/^\uFEFF/, "")
    .split(/\r?\n|\r/, 1);
  const columns = [...line!.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
  );
  if (columns.every((column) => column !== "")) return columns;
  throw new MigrationError(
    `${file.name} line 1: a .csv seed begins with a header that names the columns of its table, and this one has a column ` +
      `without a name`,
    { migration: file.name },
  );
}

/**
 * The columns of a key of the table that the file names wholly, the primary key first: by it a row is known again.
 * A key with nulls knows nothing again, so its columns are NOT NULL.
 */
async function keyOf(client: pg.Client, table: string, columns: string[], primaryOnly: boolean) {
  const { rows } = await client.query<{ key: string[] }>(
    `SELECT array_agg(attname::text) AS key
     FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey[0:indnkeyatts - 1])
     WHERE indrelid = to_regclass($1) AND indisunique AND indisvalid AND indimmediate
       AND indpred IS NULL AND indexprs IS NULL AND (indisprimary OR NOT $3)
     GROUP BY indexrelid, indisprimary
     HAVING bool_and(attnotnull) AND array_agg(attname::text) <@ $2::text[]
     ORDER BY indisprimary DESC, indexrelid LIMIT 1`,
    [`public.${pg.escapeIdentifier(table)}`, columns, primaryOnly],
  );
  return rows[0]?.key;
}

/** How many rows have other values than the file. As texts, because not each type can be compared. */
async function countDiffering(client: pg.Client, table: string, key: string[], columns: string[]): Promise<number> {
  const rest = columns.filter((column) => !key.includes(column)).map(pg.escapeIdentifier);
  if (rest.length === 0) return 0;
  const same = key.map(pg.escapeIdentifier).map((column) => `t.${column} = s.${column}`);
  const differs = rest.map((column) => `t.${column}::text IS DISTINCT FROM s.${column}::text`);
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) FROM ${table} t JOIN ${staging} s ON ${same.join(" AND ")} WHERE ${differs.join(" OR ")}`,
  );
  return Number(rows[0]!.count);
}

const noKey =
  "its header does not name a whole primary or unique key (NOT NULL) of the table, by which a row that is there is known";
