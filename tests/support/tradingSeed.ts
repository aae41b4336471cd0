import type { TextRow } from "./tradingMetrics.ts";

/** The rows of each table that an SQL seed inserts, as text. Reads the form that schema/generate writes, and no other. */
export function readSeedRows(sql: string): Record<string, TextRow[]> {
  const tables: Record<string, TextRow[]> = {};
  for (const [, table = "", head = "", body = ""] of sql.matchAll(/^INSERT INTO (\w+) \(([^)]+)\)([^]+?);\n/gm)) {
    const columns = head.split(",").map((column) => column.trim());
    // One row has its columns named beside the values; rows of a run stand on a line each, without run_id.
    const lines = body.match(/^ {2}\(.*\),?$/gm) ?? [];
    tables[table] = body.includes("/*") ? [row(columns, body)] : lines.map((line) => row(columns.slice(1), line));
  }
  return tables;
}

function row(columns: string[], text: string): TextRow {
  const literals = text.replace(/\/\*.*?\*\//g, "").match(/'(?:[^']|'')*'|-?\d[\d.e-]*|NULL/g) ?? [];
  if (literals.length !== columns.length) {
    throw new Error(`${columns.length} columns, ${literals.length} values: ${text}`);
  }
  return Object.fromEntries(columns.map((column, index) => [column, unquoted(literals[index] ?? "NULL")]));
}

function unquoted(literal: string): string | null {
  if (literal === "NULL") return null;
  return literal.startsWith("'") ? literal.slice(1, -1).replaceAll("''", "'") : literal;
}
