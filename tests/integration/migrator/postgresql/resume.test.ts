import { describe, expect, jest, test } from "@jest/globals";
import { down } from "../../../../migrator/back.ts";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { askPostgres, type Server } from "../../../support/databases.ts";
import { asOwner, usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, until, write } from "../../../support/migrations.ts";
import { startProxy } from "../../../support/proxy.ts";
import { expectSettled } from "../../../support/settled.ts";
import { expectUnchanged, stateOf } from "../../../support/unchanged.ts";

// Files whose statements are kept one by one.
jest.setTimeout(300_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
usePostgres((fresh) => ({ server, connection } = fresh));

const run = (directory: string, told: string[] = []) =>
  migrate(engine, { ...migrationsOf(engine, connection, directory), tell: (sentence) => told.push(sentence) });
const ask = (sql: string) => asOwner(connection, async (client) => (await client.query(sql)).rows);
const psql = (sql: string) => askPostgres(server, connection.database, sql);
const settled = (directory: string) => expectSettled(engine, server, connection, directory);
const state = () => stateOf(engine, connection);

const head = "-- migrate: no-transaction\n";
const table = "CREATE TABLE ticks (at int, price int);\n";
const file = (text: string) => ({ "0001_create_ticks.sql": table, "0002_fill_ticks.sql": head + text });

describe("F02: a file without a transaction that stopped between two statements", () => {
  const broken =
    "INSERT INTO ticks VALUES (1, 1);\nINSERT INTO ticks VALUES (2, 2);\nINSERT INTO tick VALUES (3, 3);\n";
  const failure =
    '0002_fill_ticks.sql line 4: relation "tick" does not exist; 0001_create_ticks.sql was applied before it, its first ' +
    "2 statements stand and won't run again. Mend the file, and run `pulumi up` again.";

  test("goes on from there when the rest is mended, and runs nothing twice", async () => {
    const directory = folder(file(broken));
    expect(await refusal(run(directory))).toBe(failure);
    expect((await readLedger(engine, connection)).unfinished).toMatchObject({
      name: "0002_fill_ticks.sql",
      done: [expect.any(String), expect.any(String)],
    });
    write(
      directory,
      file(
        broken
          .replace("INTO tick ", "INTO ticks ")
          .replace("\nINSERT INTO ticks VALUES (2", "\n-- the second\nINSERT INTO ticks VALUES (2"),
      ),
    );
    await run(directory);
    expect(await ask("SELECT at FROM ticks ORDER BY at")).toEqual([{ at: 1 }, { at: 2 }, { at: 3 }]);
    await settled(directory);
  });

  test("is refused when a part of it that ran was edited, and nothing is run", async () => {
    const directory = folder(file(broken));
    await refusal(run(directory));
    const before = await state();
    write(directory, file(broken.replace("(2, 2)", "(2, 20)").replace("INTO tick ", "INTO ticks ")));
    expect(await refusal(run(directory))).toBe(
      "Statement 2 of 0002_fill_ticks.sql (line 3) ran already, and was edited since. Bring its text back; what comes after the " +
        "2 that ran may be changed. Nothing was applied.",
    );
    expect(await ask("SELECT at FROM ticks ORDER BY at")).toEqual([{ at: 1 }, { at: 2 }]);
    await expectUnchanged(engine, connection, before);
  });

  test.each([
    ["alone", {}],
    ["with others behind it", { "0003_create_bars.sql": "CREATE TABLE bars (at int);\n" }],
  ])("is refused as one transaction, %s, and nothing is run twice", async (_, others) => {
    const directory = folder(file(broken));
    await refusal(run(directory));
    const before = await state();
    write(directory, { ...others, "0002_fill_ticks.sql": broken.replace("INTO tick ", "INTO ticks ") });
    expect(await refusal(run(directory))).toBe(
      "0002_fill_ticks.sql was interrupted when it began with `-- migrate: no-transaction`, and its first 2 statements stand. " +
        "Bring that line back. Nothing was applied.",
    );
    expect(await ask("SELECT at FROM ticks ORDER BY at")).toEqual([{ at: 1 }, { at: 2 }]);
    await expectUnchanged(engine, connection, before);
  });

  test("of a way back is refused as one transaction", async () => {
    const back = "COMMENT ON TABLE ticks IS 'old';\nDROP VIEW ticker;\nDROP TABLE ticks;\n";
    const directory = folder({ "0001_create_ticks.sql": table, "0001_create_ticks.down.sql": head + back });
    await run(directory);
    await refusal(down(engine, { connection, directory }));
    const before = await state();
    expect(before.ledger.unfinished).toMatchObject({ name: "0001_create_ticks.down.sql", done: [expect.any(String)] });
    write(directory, { "0001_create_ticks.down.sql": back.replace("VIEW", "VIEW IF EXISTS") });
    expect(await refusal(down(engine, { connection, directory }))).toBe(
      "0001_create_ticks.down.sql was interrupted when it began with `-- migrate: no-transaction`, and its first statement " +
        "stands. Bring that line back. Nothing was applied.",
    );
    await expectUnchanged(engine, connection, before);
  });

  test("is ended before anything is taken back", async () => {
    const directory = folder(file(broken));
    await refusal(run(directory));
    const before = await state();
    expect(await refusal(down(engine, { connection, directory }))).toBe(
      "0002_fill_ticks.sql was interrupted, and a part of it stands. End it first: `npm run migrate`. Nothing was taken back.",
    );
    await expectUnchanged(engine, connection, before);
  });

  test("sets again what its part that ran had set", async () => {
    const text = "SET work_mem = '5MB';\nINSERT INTO ticks VALUES (1, 1);\nINSERT INTO tick VALUES (0, 0);\n";
    const directory = folder(file(text));
    await refusal(run(directory));
    write(
      directory,
      file(
        text.replace(
          "INSERT INTO tick VALUES (0, 0)",
          "CREATE TABLE seen AS SELECT current_setting('work_mem') AS work_mem",
        ),
      ),
    );
    await run(directory);
    expect(await ask("SELECT work_mem FROM seen")).toEqual([{ work_mem: "5MB" }]);
    await settled(directory);
  });
});

test("a single statement that does not get its lock is tried again", async () => {
  const directory = folder(file("INSERT INTO ticks VALUES (1, 1);\n"));
  await run(directory);
  write(directory, { "0003_add_note.sql": head + "ALTER TABLE ticks ADD COLUMN note text;\n" });
  const told: string[] = [];
  await asOwner(connection, async (reader) => {
    await reader.query("BEGIN; SELECT * FROM ticks");
    const waiting = run(directory, told);
    await until(async () => told.length > 0);
    await reader.query("COMMIT");
    await waiting;
  });
  expect(told).toEqual([
    expect.stringMatching(
      /^0003_add_note\.sql line 2: canceling statement due to lock timeout; trying again in \d\.\d s\.$/,
    ),
  ]);
  expect(await ask("SELECT at, price, note FROM ticks")).toEqual([{ at: 1, price: 1, note: null }]);
});

describe("an index that is built CONCURRENTLY", () => {
  // Its values are lock_timeout as it is while the index is built, and the server names the first that is there twice.
  const reading =
    "CREATE FUNCTION reading(int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT current_setting('lock_timeout') $$;\n" +
    "INSERT INTO ticks VALUES (1, 1), (2, 2);\n";
  const index = "CREATE UNIQUE INDEX CONCURRENTLY ticks_reading ON ticks (reading(at));\n";

  test.each([
    ["no lock_timeout", index, "0"],
    ["that which the file sets before it", `SET lock_timeout = '7s';\n${index}`, "7s"],
    ["none where the file takes its own back", `SET lock_timeout = '7s';\nRESET lock_timeout;\n${index}`, "0"],
    ["none where the file sets one behind it", `${index}SET lock_timeout = '7s';\n`, "0"],
  ])("has %s", async (_, text, expected) => {
    const directory = folder({ "0001_create_ticks.sql": table + reading, "0002_index_ticks.sql": head + text });
    expect(await refusal(run(directory))).toContain(
      `could not create unique index "ticks_reading" (Key (reading(at))=(${expected}) is duplicated.)`,
    );
  });

  test("leaves lock_timeout to the next statement as it was", async () => {
    const text =
      "CREATE INDEX CONCURRENTLY ticks_at ON ticks (at);\nCREATE TABLE seen AS SELECT current_setting('lock_timeout') AS seen;\n";
    await run(folder(file(text)));
    expect(await ask("SELECT seen FROM seen")).toEqual([{ seen: "2s" }]);
  });
});

test("REINDEX and CLUSTER of a partitioned table are run outside a transaction", async () => {
  const prepare =
    "CREATE TABLE parts (a int) PARTITION BY LIST (a);\nCREATE TABLE part PARTITION OF parts FOR VALUES IN (1);\n" +
    "CREATE INDEX parts_a ON parts (a);\n";
  const text = "CLUSTER parts USING parts_a;\nREINDEX TABLE parts;\nREINDEX INDEX parts_a;\n";
  const directory = folder({ "0001_create_parts.sql": prepare, "0002_rebuild_parts.sql": head + text });
  expect((await run(directory)).version).toBe("0002_rebuild_parts.sql");
});

test("a single statement whose answer never comes is given up, and the run goes on when the network is back", async () => {
  const proxy = await startProxy(connection);
  try {
    const directory = folder(file("SELECT pg_sleep(8);\n"));
    const told: string[] = [];
    const request = migrationsOf(engine, { ...connection, port: proxy.port }, directory);
    const running = migrate(engine, { ...request, tell: (sentence) => told.push(sentence) });
    await until(async () => (await psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) === "1");
    proxy.stall();
    await until(async () => told.length > 0, 60);
    proxy.restore();
    expect((await running).version).toBe("0002_fill_ticks.sql");
    expect(told[0]).toMatch(/^The connection to PostgreSQL broke \(.*\): connecting again, to read/);
  } finally {
    await proxy.close();
  }
}, 150_000);

test("SET ROLE ends with its own statement, whether or not the file is interrupted behind it", async () => {
  const seen = (name: string) => `CREATE TABLE ${name} AS SELECT current_user::text AS role;\n`;
  const text = `SET ROLE trading_migrator;\n${seen("first")}INSERT INTO tick VALUES (0, 0);\n`;
  const directory = folder(file(text));
  await refusal(run(directory));
  await psql("DROP TABLE first; UPDATE trading_ledger.progress SET done = done[1:1]");
  write(directory, file(text.replace("INSERT INTO tick VALUES (0, 0);\n", seen("second"))));
  await run(directory);
  expect(await ask("SELECT first.role AS first, second.role AS second FROM first, second")).toEqual([
    { first: "trading_owner", second: "trading_owner" },
  ]);
});

test("a verify file that finds rows after single statements tells that they stand, and is asked again", async () => {
  const directory = folder({
    ...file("INSERT INTO ticks VALUES (1, -1);\n"),
    "0002_fill_ticks.verify.sql": "SELECT at, price FROM ticks WHERE price < 0;\n",
  });
  expect(await refusal(run(directory))).toBe(
    '0002_fill_ticks.verify.sql line 1 finds a row, and must find none: {"at":1,"price":-1}; 0001_create_ticks.sql was applied ' +
      "before it, all statements of 0002_fill_ticks.sql stand, but it does not count as applied. Mend the migration, or the data " +
      "that it does not fit, and run `pulumi up` again.",
  );
  await ask("UPDATE ticks SET price = 1");
  expect((await run(directory)).version).toBe("0002_fill_ticks.sql");
  expect(await ask("SELECT count(*)::int AS rows FROM ticks")).toEqual([{ rows: 1 }]);
});

test("a verify file that finds rows after a transaction keeps nothing of it", async () => {
  const directory = folder({
    "0001_create_ticks.sql": `${table}INSERT INTO ticks VALUES (1, -1), (2, -2);\n`,
    "0001_create_ticks.verify.sql": "SELECT 1 FROM ticks WHERE false;\nSELECT at FROM ticks ORDER BY at;\n",
  });
  expect(await refusal(run(directory))).toBe(
    '0001_create_ticks.verify.sql line 2 finds 2 rows, and must find none: {"at":1}; nothing was applied before it, nothing of ' +
      "0001_create_ticks.sql was kept. Mend the migration, or the data that it does not fit, and run `pulumi up` again.",
  );
  expect(await ask("SELECT to_regclass('ticks') AS ticks")).toEqual([{ ticks: null }]);
});

test("a verify file can't change anything", async () => {
  const directory = folder({ "0001_create_ticks.sql": table, "0001_create_ticks.verify.sql": "DELETE FROM ticks;\n" });
  expect(await refusal(run(directory))).toContain(
    "0001_create_ticks.verify.sql line 1: cannot execute DELETE in a read-only transaction",
  );
});
