import { MigrationError } from "../errors.ts";

type Row = Record<string, unknown>;

/**
 * How many of the files, from the first on, are applied. A tool notes a file's name, its name without ending, or the number
 * at its front; one that notes a single number means all files up to it.
 * @throws MigrationError for a table in which no column tells the files apart, a gap in it, a migration that failed.
 */
export function appliedOf(names: string[], rows: Row[], table: string): number {
  const keysOf = (name: string) => {
    const stem = name.replace(/(\.(up|do))?\.sql$/i, "");
    const number = /^[A-Z]?([\d.]+)/i.exec(name)?.[1]?.replace(/\.$/, "") ?? name;
    return [name, stem, number, number.replace(/^0+(?=\d)/, "")];
  };
  // Flyway and goose count their rows beside the numbers of files.
  const isCount = (column: string) => column === "installed_rank" || (column === "id" && "version_id" in rows[0]!);
  const columns = Object.keys(rows[0] ?? {}).filter((column) => !isCount(column));
  const hits = columns.map((column) => {
    const values = new Set(rows.map((row) => String(row[column])));
    return names.map((name) => keysOf(name).some((key) => values.has(key)));
  });
  const count = (found: boolean[]) => found.filter(Boolean).length;
  const bestOf = (some: boolean[][]) => some.reduce((most, found) => (count(found) > count(most) ? found : most), []);
  // An integer id may count rows in other tables, too: it is a file's number where nothing else tells files apart.
  const others = hits.filter((_, index) => columns[index] !== "id" || typeof rows[0]?.["id"] !== "number");
  const best = count(bestOf(others)) > 0 ? bestOf(others) : bestOf(hits);
  if (rows.length > 0 && count(best) === 0) {
    throw new MigrationError(
      `No column of ${table} has names or numbers of the files. Nothing was copied. Name the table of the tool that ran them.`,
    );
  }
  refuseFailed(rows, columns[hits.indexOf(best)] ?? "", table);
  const last = best.lastIndexOf(true);
  const gap = count(best) === 1 ? -1 : best.slice(0, last).indexOf(false);
  if (gap >= 0) {
    throw new MigrationError(
      `${table} has ${names[last]} as applied, but not ${names[gap]} before it. Nothing was copied. Apply that one with the other tool first.`,
    );
  }
  return last + 1;
}

/** How golang-migrate, Flyway and goose mark a row of what failed or was taken back. */
const failed: Record<string, boolean> = { dirty: true, success: false, is_applied: false };

function refuseFailed(rows: Row[], column: string, table: string): void {
  for (const row of rows) {
    const state = Object.keys(failed).find((name) => row[name] === failed[name]);
    if (state === undefined) continue;
    throw new MigrationError(
      `${table} has ${state} = ${row[state]} for ${column} ${row[column]}: that migration is not applied whole. ` +
        "Nothing was copied. Mend it with the other tool first.",
    );
  }
}
