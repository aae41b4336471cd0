import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** How much there is to do. */
export interface Sizes {
  /** Files that are applied. */
  migrations: number;
  /** Files that are applied already. */
  applied: number;
  /** Rows or documents of the bulk seed. */
  rows: number;
}

/** What one file does, so that each tool's form of it says the same. */
export interface Step {
  sql: string;
  /** A command of MongoDB. */
  command: object;
}

/** A table, or a collection with a validator, for each file. */
export function definitions(count: number): Step[] {
  return numbered(count, (number) => ({
    sql: `CREATE TABLE trades_${number} (id bigint PRIMARY KEY, symbol text NOT NULL, price numeric(18, 8) NOT NULL);`,
    command: {
      create: `trades_${number}`,
      validator: { $jsonSchema: { bsonType: "object", required: ["symbol", "price"] } },
    },
  }));
}

/** A row or document for each file, into what the first one makes: so the catalog stays small, and only files count. */
export function notes(count: number): Step[] {
  return numbered(count, (number) =>
    Number(number) === 1
      ? { sql: "CREATE TABLE notes (id integer PRIMARY KEY);", command: { create: "notes" } }
      : {
          sql: `INSERT INTO notes (id) VALUES (${Number(number)});`,
          command: { insert: "notes", documents: [{ _id: Number(number) }] },
        },
  );
}

/** Writes a folder in which each step is a file of one tool. */
export function writeFolder(
  root: string,
  name: string,
  steps: Step[],
  form: (step: Step, number: string) => [name: string, text: string],
): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  steps.forEach((step, index) => {
    const [file, text] = form(step, digits(index + 1));
    writeFileSync(join(folder, file), text);
  });
  return folder;
}

/** Of the rows of the bulk seed. */
export const columns = ["id", "symbol", "price", "volume", "traded_at"];

export const tickTable = `CREATE TABLE ticks (id bigint PRIMARY KEY, symbol text NOT NULL, price numeric(18, 8) NOT NULL,
  volume integer NOT NULL, traded_at timestamptz NOT NULL)`;

/**
 * Writes the rows of the bulk seed in each form in which a tool reads them.
 * @returns the CSV file, the documents alone as `ndjson`, and the folders of seeds for our two engines.
 */
export function writeTicks(root: string, rows: number) {
  const symbols = ["AAPL", "MSFT", "BTC-USD", "EUR-USD"];
  const start = Date.parse("2025-01-01T00:00:00Z");
  const csv: string[] = [columns.join(",")];
  const documents: string[] = [];
  for (let id = 1; id <= rows; id++) {
    const symbol = symbols[id % symbols.length]!;
    const price = ((id * 7919) % 1_000_000) / 100;
    const volume = (id * 31) % 5000;
    const at = new Date(start + id * 250).toISOString();
    csv.push(`${id},${symbol},${price},${volume},${at}`);
    documents.push(
      `{"_id":${id},"symbol":"${symbol}","price":${price},"volume":${volume},"traded_at":{"$date":"${at}"}}`,
    );
  }
  const write = (path: string, lines: string[]) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${lines.join("\n")}\n`);
    return join(root, path);
  };
  const text = { csv: write("seeds-postgresql/default/0001_ticks.csv", csv), ndjson: write("ticks.ndjson", documents) };
  write("seeds-mongodb/default/0001_ticks.ndjson", ['{ "collection": "ticks" }', ...documents]);
  return { ...text, postgresql: join(root, "seeds-postgresql"), mongodb: join(root, "seeds-mongodb") };
}

function numbered<T>(count: number, make: (number: string) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(digits(index + 1)));
}

function digits(number: number): string {
  return String(number).padStart(4, "0");
}
