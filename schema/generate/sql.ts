import { type Amount, formatAmount } from "./amount.ts";

/** A value of a row; a string is SQL as it stands. */
export type SqlValue = Amount | number | Date | string;

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A duration as a quoted interval of days and a time of six decimals. */
export function interval(milliseconds: number): string {
  const microseconds = Math.round(milliseconds * 1000);
  const days = Math.floor(microseconds / 86_400e6);
  const clock = new Date((microseconds % 86_400e6) / 1000).toISOString().slice(11, 19);
  return quote(`${days} days ${clock}.${String(microseconds % 1e6).padStart(6, "0")}`);
}

/** INSERT of one row, each value beside the name of its column. */
export function insertRow(table: string, row: Record<string, SqlValue>): string {
  const values = Object.entries(row).map(([column, value]) => `  /* ${column} */ ${literal(value)}`);
  return `INSERT INTO ${table} (\n  ${Object.keys(row).join(", ")}\n) VALUES (\n${values.join(",\n")}\n);\n`;
}

/**
 * INSERT of rows that belong to a run, which is found by its run_uid: run_id is whatever the database gave it.
 * @param rows at least one, all with the same columns. A column that holds dates is cast.
 */
export function insertRowsOfRun(table: string, runUid: string, rows: Record<string, SqlValue>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const selected = columns.map((name) =>
    rows.some((row) => row[name] instanceof Date) ? `${name}::timestamptz` : name,
  );
  const values = rows.map((row) => `  (${columns.map((column) => literal(row[column] ?? "NULL")).join(", ")})`);
  return (
    `INSERT INTO ${table} (run_id, ${columns.join(", ")})\n` +
    `SELECT run_id, ${selected.join(", ")}\n` +
    `FROM simulation_runs CROSS JOIN (VALUES\n${values.join(",\n")}\n) AS row (${columns.join(", ")})\n` +
    `WHERE run_uid = ${quote(runUid)};\n`
  );
}

/**
 * Amounts keep all their digits. Ratios have 12 decimals, because the last digits of a power may differ
 * between JavaScript engines.
 */
function literal(value: SqlValue): string {
  if (typeof value === "bigint") return formatAmount(value);
  if (typeof value === "number") return String(Number(value.toFixed(12)));
  if (value instanceof Date) return quote(value.toISOString().replace(".000Z", "Z"));
  return value;
}
