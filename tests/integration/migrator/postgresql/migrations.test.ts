import { describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { passwords, type Server } from "../../../support/databases.ts";
import { usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, write } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const engine = "postgresql";
const symbols = "CREATE TABLE symbols (name text PRIMARY KEY);\n";
const prices = "CREATE TABLE prices (symbol text REFERENCES symbols, price numeric);\n";

let server: Server;
let connection: Connection;
let user: pg.Client;
usePostgres((fresh) => ({ server, connection, user } = fresh));

async function tables(): Promise<string[]> {
  const { rows } = await user.query(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  return rows.map((row) => row.relname);
}

describe("migrations", () => {
  test("are applied in order and recorded, and a second run changes nothing", async () => {
    const directory = folder({ "0001_create_symbols.sql": symbols, "0002_create_prices.sql": prices });
    const request = migrationsOf(engine, connection, directory);
    const done = { version: "0002_create_prices.sql", applied: ["0001_create_symbols.sql", "0002_create_prices.sql"] };

    expect(await migrate(engine, request)).toMatchObject(done);
    const first = await readLedger(engine, connection);
    expect(first.migrations.map(({ name, checksum }) => ({ name, checksum }))).toEqual(request.migrations);
    expect(await tables()).toEqual(["prices", "symbols"]);

    expect(await migrate(engine, request)).toMatchObject(done);
    expect(await readLedger(engine, connection)).toEqual(first);
  });

  test("that are added later are applied alone", async () => {
    const directory = folder({ "0001_create_symbols.sql": symbols });
    await migrate(engine, migrationsOf(engine, connection, directory));
    const [first] = (await readLedger(engine, connection)).migrations;

    write(directory, { "0002_create_prices.sql": prices });
    await migrate(engine, migrationsOf(engine, connection, directory));
    const ledger = await readLedger(engine, connection);
    expect(ledger.version).toBe("0002_create_prices.sql");
    expect(ledger.migrations[0]).toEqual(first);
  });

  test("belong to trading_owner, and each starts with fresh settings", async () => {
    const directory = folder({
      "0001_change_settings.sql": "SET search_path = pg_catalog; SET lock_timeout = 0; SET ROLE trading_migrator;",
      "0002_create_symbols.sql":
        symbols + "CREATE TABLE settings AS SELECT current_setting('lock_timeout') AS lock_timeout;",
    });
    await migrate(engine, migrationsOf(engine, connection, directory));
    const { rows } = await user.query(
      "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    expect(rows).toEqual([
      { tablename: "settings", tableowner: "trading_owner" },
      { tablename: "symbols", tableowner: "trading_owner" },
    ]);
  });

  test("with a syntax error are refused before anything is applied, with file and line", async () => {
    const directory = folder({
      "0001_create_symbols.sql": symbols,
      "0002_create_prices.sql": "-- prices\n\nCREATE TABLE prices (price numeric);\nCREATE TABEL volumes ();\n",
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      '0002_create_prices.sql line 4: syntax error at or near "TABEL". Nothing was applied. ' +
        "Mend the file, and run `pulumi up` again.",
    );
    expect(await tables()).toEqual([]);
  });

  test("stop at a statement that fails, which names file, line and what was applied before it, and go on when it is mended", async () => {
    const directory = folder({
      "0001_create_symbols.sql": symbols,
      "0002_create_prices.sql": "-- prices: é\n\nCREATE TABLE volumes ();\nCREATE TABLE prices (price numerik);\n",
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      '0002_create_prices.sql line 4: type "numerik" does not exist; 0001_create_symbols.sql was applied before it, ' +
        "nothing of 0002_create_prices.sql was kept. Mend the file, and run `pulumi up` again.",
    );
    expect(await tables()).toEqual(["symbols"]);
    expect((await readLedger(engine, connection)).version).toBe("0001_create_symbols.sql");

    write(directory, { "0002_create_prices.sql": prices });
    expect((await migrate(engine, migrationsOf(engine, connection, directory))).version).toBe("0002_create_prices.sql");
  });

  test("that fail while they run keep nothing, and tell the line of the statement", async () => {
    const directory = folder({ "0001_create_symbols.sql": symbols });
    await migrate(engine, migrationsOf(engine, connection, directory));
    write(directory, {
      "0002_fill_symbols.sql":
        "INSERT INTO symbols VALUES ('A;B');\n/* twice; */\nINSERT INTO symbols\n  VALUES ('A;B');\n",
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      '0002_fill_symbols.sql line 3: duplicate key value violates unique constraint "symbols_pkey" ' +
        "(Key (name)=(A;B) already exists.); the last one applied is 0001_create_symbols.sql, " +
        "nothing of 0002_fill_symbols.sql was kept. Mend the file, and run `pulumi up` again.",
    );
  });

  test("that end their own transaction are refused before anything is applied", async () => {
    const directory = folder({ "0001_create_symbols.sql": symbols, "0002_commit.sql": "SELECT 1;\nCOMMIT;\n" });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      "0002_commit.sql line 2: COMMIT is not allowed, because each file runs as one transaction together with its ledger " +
        "row. Nothing was applied. Take it out, and run `pulumi up` again.",
    );
    expect(await tables()).toEqual([]);
  });

  test("that changed since the preview are refused", async () => {
    const directory = folder({ "0001_create_symbols.sql": symbols });
    const request = migrationsOf(engine, connection, directory);
    write(directory, { "0002_create_prices.sql": prices });
    expect(await refusal(migrate(engine, request))).toBe(
      `0002_create_prices.sql in ${directory} has changed since it was planned. Nothing was applied. Run \`pulumi up\` again.`,
    );
  });

  test("give up when another session uses the table for too long", async () => {
    const directory = folder({ "0001_create_symbols.sql": symbols + "GRANT SELECT ON symbols TO trading_user;" });
    await migrate(engine, migrationsOf(engine, connection, directory));
    await user.query("BEGIN");
    await user.query("SELECT * FROM symbols");
    write(directory, {
      "0002_add_note.sql": "SET LOCAL lock_timeout = '100ms';\nALTER TABLE symbols ADD COLUMN note text;",
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      "0002_add_note.sql line 2: canceling statement due to lock timeout; the last one applied is 0001_create_symbols.sql, " +
        "nothing of 0002_add_note.sql was kept. Another session used the table for too long. " +
        "Run `pulumi up` again when that session is done.",
    );
  });

  test("have 15 min for each statement, or what their file sets, which ends with it", async () => {
    const see = (file: number) => `INSERT INTO seen SELECT ${file}, current_setting('statement_timeout');\n`;
    const alone = "-- migrate: no-transaction\n";
    const directory = folder({
      "0001_create_seen.sql": `CREATE TABLE seen (file int, setting text);\nGRANT SELECT ON seen TO trading_user;\n${see(1)}`,
      "0002_set_local.sql": `SET LOCAL statement_timeout = '20s';\n${see(2)}`,
      "0003_set.sql": `SET statement_timeout = '2h';\n${see(3)}`,
      "0004_set_none.sql": see(4),
      "0005_set_alone.sql": `${alone}SET statement_timeout = '40s';\n${see(5)}`,
      "0006_set_none_alone.sql": alone + see(6),
    });
    await migrate(engine, migrationsOf(engine, connection, directory));
    expect((await user.query("SELECT setting FROM seen ORDER BY file")).rows.map(({ setting }) => setting)).toEqual([
      "15min",
      "20s",
      "2h",
      "15min",
      "40s",
      "15min",
    ]);
  });

  test("are stopped at a statement that takes longer than their file allows", async () => {
    const directory = folder({
      "0001_create_symbols.sql": symbols,
      "0002_wait.sql": "CREATE TABLE waited ();\nSET LOCAL statement_timeout = '200ms';\nSELECT pg_sleep(20);\n",
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      "0002_wait.sql line 3: canceling statement due to statement timeout; 0001_create_symbols.sql was applied before it, " +
        "nothing of 0002_wait.sql was kept. Somebody cancelled it, or it took longer than statement_timeout: 15 min, unless the " +
        "file sets it. Run `pulumi up` again, or set that in the file.",
    );
    expect(await tables()).toEqual(["symbols"]);
  });
});

describe("the ledger", () => {
  test("is read by the users, and written by the migrator alone", async () => {
    await migrate(engine, migrationsOf(engine, connection, folder({ "0001_create_symbols.sql": symbols })));
    for (const name of ["user", "readonly"] as const) {
      const reader = { ...connection, user: `trading_${name}`, password: passwords[name] };
      expect((await readLedger(engine, reader)).version).toBe("0001_create_symbols.sql");
    }
    expect(await refusal(user.query("DELETE FROM trading_ledger.migrations"))).toBe(
      "permission denied for table migrations",
    );
  });

  test("is empty where the migrator never ran", async () => {
    expect(await readLedger(engine, connection)).toEqual({ version: "", migrations: [], seeds: [] });
  });
});

describe("a connection", () => {
  test("that is refused says by whom, as whom, and what to do", async () => {
    const wrong = { ...connection, password: "wrong-password" };
    const message = await refusal(readLedger(engine, wrong));
    expect(message).toBe(
      `PostgreSQL at 127.0.0.1:${server.port} refuses trading_migrator in ${connection.database}: password authentication ` +
        'failed for user "trading_migrator". Run `pulumi up --refresh`, which sets up the database and its roles again.',
    );
    expect(message).not.toContain("wrong-password");
  });

  test("that nobody answers says so", async () => {
    expect(await refusal(readLedger(engine, { ...connection, port: 1 }))).toBe(
      "PostgreSQL at 127.0.0.1:1 can't be reached: connect ECONNREFUSED 127.0.0.1:1. Start it: `pulumi up --refresh`.",
    );
  });
});
