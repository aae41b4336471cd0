import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../stopwatch.ts";
import type { Contender, Contest } from "./contest.ts";
import { columns, definitions, notes, tickTable, writeFolder, type Sizes, type Step } from "./files.ts";
import type { Tools } from "./tools.ts";
import type { PostgresServer } from "./servers.ts";

/**
 * The contests on PostgreSQL.
 * @param root folder for the files of each tool.
 * @param ticks the rows of the bulk seed: a CSV file, and the folder of seeds that has it.
 */
export function postgresContests(
  server: PostgresServer,
  { ours, rivals }: Tools,
  root: string,
  sizes: Sizes,
  ticks: { csv: string; folder: string },
): Contest[] {
  const { query, make, remove } = server;
  const env = (database: string) => ({ DATABASE_URL: server.url(database) });
  const counted = (sql: string) => async (database: string) => Number((await query(database, sql))[0]!["count"]);
  const inTable = (table: string) => counted(`SELECT count(*) FROM ${table}`);

  const tool = (tool: string, table: string, command: (database: string) => Command): Contender => ({
    tool,
    command: (database) => ({ ...command(database), env: env(database) }),
    ledger: inTable(table),
  });
  const us = (verb: "up" | "seed", folder: string, table: string) =>
    tool("ours", `trading_ledger.${table}`, () => ({
      program: process.execPath,
      args: ["cli/migrate.ts", "--directory", folder, verb],
      cwd: ours,
    }));
  const nodePgMigrate = (folder: string) =>
    tool("node-pg-migrate", "pgmigrations", () => ({
      program: process.execPath,
      args: [join(rivals, "node_modules/node-pg-migrate/bin/node-pg-migrate.js"), "up", "--migrations-dir", folder],
    }));
  const postgrator = (folder: string) =>
    tool("postgrator", "schemaversion WHERE version > 0", () => ({
      program: process.execPath,
      args: [join(rivals, "postgrator.mjs"), folder],
    }));
  const umzug = (folder: string) =>
    tool("umzug", "umzug", () => ({ program: process.execPath, args: [join(rivals, "umzug-postgres.mjs"), folder] }));
  const psql = (...args: string[]): Contender => ({
    tool: "psql",
    command: (database) => ({
      program: "psql",
      args: ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", ...args],
      env: server.environment(database),
    }),
  });

  /** The same steps as the files of each tool. */
  const migrators = (name: string, steps: Step[]) => {
    const folder = (tool: string, form: (step: Step, number: string) => [string, string]) =>
      writeFolder(root, `${name}-${tool}`, steps, form);
    return [
      us(
        "up",
        folder("ours", ({ sql }, number) => [`${number}_make_${number}.sql`, `${sql}\n`]),
        "migrations",
      ),
      nodePgMigrate(
        folder("node-pg-migrate", ({ sql }, number) => [
          `${1_700_000_000_000 + Number(number)}_make-${number}.sql`,
          `-- Up Migration\n${sql}\n`,
        ]),
      ),
      // It has no transactions of its own; several statements in one message are one.
      postgrator(folder("postgrator", ({ sql }, number) => [`${number}.do.make_${number}.sql`, `${sql}\n`])),
      umzug(folder("umzug", ({ sql }, number) => [`${number}_make_${number}.sql`, `${sql}\n`])),
    ];
  };
  const script = join(root, "definitions.sql");
  writeFileSync(
    script,
    definitions(sizes.migrations)
      .map(({ sql }) => `BEGIN;\n${sql}\nCOMMIT;\n`)
      .join(""),
  );
  const bulk = (name: string, text: string, file = "1700000000001_ticks.js") =>
    writeFolder(root, `ticks-${name}`, [{ sql: "", command: {} }], () => [file, text]);
  const inserting = insertInBatches(ticks.csv);

  return [
    {
      title: `PostgreSQL: ${thousands(sizes.migrations)} migrations`,
      baseline: "psql",
      contenders: [...migrators("definitions", definitions(sizes.migrations)), psql("--file", script)],
      again: false,
      make,
      remove,
      count: counted("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'trades\\_%'"),
      wanted: { count: sizes.migrations, ledger: sizes.migrations },
    },
    {
      title: `PostgreSQL: nothing to do, ${thousands(sizes.applied)} applied`,
      contenders: migrators("notes", notes(sizes.applied)),
      again: true,
      make,
      remove,
      // The first file makes the table.
      count: counted("SELECT count(*) + 1 AS count FROM notes"),
      wanted: { count: sizes.applied, ledger: sizes.applied },
    },
    {
      title: `PostgreSQL: ${thousands(sizes.rows)} rows`,
      baseline: "psql",
      contenders: [
        us("seed", ticks.folder, "seeds"),
        nodePgMigrate(bulk("node-pg-migrate", `${inserting}exports.up = (pgm) => insert(pgm.db);\n`)),
        postgrator(bulk("postgrator", inSql(ticks.csv), "0001.do.ticks.js")),
        umzug(bulk("umzug", `${inserting}exports.up = insert;\n`)),
        psql("--command", `\\copy ticks (${columns.join(", ")}) FROM '${ticks.csv}' WITH (FORMAT csv, HEADER)`),
      ],
      again: false,
      async make() {
        const database = await make();
        await query(database, `SET ROLE trading_owner; ${tickTable}`);
        return database;
      },
      remove,
      count: inTable("ticks"),
      wanted: { count: sizes.rows, ledger: 1 },
    },
  ];
}

/** What users write: INSERTs of 1,000 rows, with parameters. */
const insertInBatches = (csv: string) => `
const { readFileSync } = require("node:fs");
const insert = async (client) => {
  const lines = readFileSync(${JSON.stringify(csv)}, "utf8").trimEnd().split("\\n").slice(1);
  for (let start = 0; start < lines.length; start += 1000) {
    const rows = lines.slice(start, start + 1000).map((line) => line.split(","));
    const places = rows.map((row, r) => "(" + row.map((_, c) => "$" + (r * row.length + c + 1)).join(", ") + ")");
    await client.query("INSERT INTO ticks (${columns.join(", ")}) VALUES " + places.join(", "), rows.flat());
  }
};
`;

/** The same in SQL: a file of postgrator has no connection, and gives it a text. */
const inSql = (csv: string) => `
const { readFileSync } = require("node:fs");
exports.generateSql = () => {
  const lines = readFileSync(${JSON.stringify(csv)}, "utf8").trimEnd().split("\\n").slice(1);
  const rows = lines.map((line) => "('" + line.replaceAll(",", "','") + "')");
  const inserts = [];
  for (let start = 0; start < rows.length; start += 1000) {
    inserts.push("INSERT INTO ticks (${columns.join(", ")}) VALUES " + rows.slice(start, start + 1000).join(", ") + ";");
  }
  return inserts.join("\\n");
};
`;

export function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
