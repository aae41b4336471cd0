import { expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import { connectPostgres } from "../../../migrator/postgresql/connection.ts";
import { migrate } from "../../../migrator/run.ts";
import type { Connection } from "../../../migrator/types.ts";
import { askPostgres, type Server } from "../../support/databases.ts";
import { usePostgres } from "../../support/migratorDatabases.ts";
import { folder, migrationsOf, until } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";
import { expectSettled } from "../../support/settled.ts";

// Runs of PostgreSQL's migrations beside other runs, and beside readers.
jest.setTimeout(300_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
let user: pg.Client;
usePostgres((fresh) => ({ server, connection, user } = fresh));

const psql = (sql: string) => askPostgres(server, connection.database, sql);
const locks = () =>
  psql(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
const history = () => psql("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history");
const sleepers = () =>
  psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");

const ticks = {
  "0001_create_ticks.sql":
    "CREATE TABLE ticks (at int, price numeric);\nINSERT INTO ticks SELECT n, n FROM generate_series(1, 20000) n;\n" +
    "GRANT SELECT ON ticks TO trading_user;\n",
  "0002_index_ticks.sql":
    "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY ticks_at ON ticks (at);\nCREATE INDEX CONCURRENTLY ticks_price ON ticks (price);\n",
  "0003_add_note.sql": "ALTER TABLE ticks ADD COLUMN note text;\n",
};

test("F05: ten runs at once, an index made CONCURRENTLY among the migrations, apply each once and block nobody for ever", async () => {
  const directory = folder(ticks);
  const runs = Array.from({ length: 10 }, () => startMigrate(engine, connection, directory, ["--json"]));
  const ends = await Promise.all(runs.map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual(Array(10).fill(0));
  const applied = ends.flatMap(({ stdout }) => JSON.parse(stdout).applied);
  // A run that waited looks again, and finds nothing to do.
  expect(new Set(applied)).toEqual(new Set(Object.keys(ticks)));
  expect(await history()).toBe(
    "applied 0001_create_ticks.sql, applied 0002_index_ticks.sql, applied 0003_add_note.sql",
  );
  expect(await locks()).toBe("0");
  expect(await psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).toBe("0");
  await expectSettled(engine, server, connection, directory);
});

test("F05: who waits is told who holds the lock, since when, from where", async () => {
  const directory = folder({ "0001_sleep.sql": "SELECT pg_sleep(10);" });
  const first = startMigrate(engine, connection, directory);
  await until(async () => (await sleepers()) === "1");
  const second = await startMigrate(engine, connection, directory).ended;
  expect((await first.ended).code).toBe(0);
  expect(second.code).toBe(0);
  expect(second.stderr).toMatch(
    new RegExp(
      `^Waiting for the migration lock of ${connection.database}, which is held by "trading-db ${first.process.pid}@[^"]+" ` +
        "since \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ \\(from [\\d.]+, server process \\d+\\)\\.\n$",
    ),
  );
  expect(await history()).toBe("applied 0001_sleep.sql");
  await expectSettled(engine, server, connection, directory);
});

test("F03: an index whose CREATE CONCURRENTLY was killed is found INVALID, dropped and built anew", async () => {
  const directory = folder(ticks);
  await migrate(
    engine,
    migrationsOf(engine, connection, folder({ "0001_create_ticks.sql": ticks["0001_create_ticks.sql"] })),
  );
  // The index waits for this transaction in its second phase, and is there, but not valid.
  await user.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await user.query("SELECT count(*) FROM ticks");
  const run = startMigrate(engine, connection, directory);
  await until(async () => (await psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid")) === "1");
  run.process.kill("SIGKILL");
  await run.ended;
  await until(async () => (await locks()) === "0");
  await user.query("ROLLBACK");
  expect(await psql("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid")).toBe("ticks_at");
  expect(
    await psql("SELECT name || ' ' || cardinality(done) || ' ' || (started IS NOT NULL) FROM trading_ledger.progress"),
  ).toBe("0002_index_ticks.sql 0 true");

  const told: string[] = [];
  await migrate(engine, { ...migrationsOf(engine, connection, directory), tell: (sentence) => told.push(sentence) });
  expect(told).toContain("The index ticks_at was left INVALID, and is dropped.");
  expect(await psql("SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indrelid = 'ticks'::regclass")).toBe(
    "2|t",
  );
  expect(await psql("SELECT count(*) FROM trading_ledger.progress")).toBe("0");
  expect(await history()).toBe(
    "applied 0001_create_ticks.sql, applied 0002_index_ticks.sql, applied 0003_add_note.sql",
  );
  await expectSettled(engine, server, connection, directory);
});

test("F28: a long reader makes the DDL give up and try again, and others are not queued behind it for longer than lock_timeout", async () => {
  const base = { "0001_create_a.sql": "CREATE TABLE a (n int);\nGRANT SELECT ON a TO trading_user;\n" };
  await migrate(engine, migrationsOf(engine, connection, folder(base)));
  await user.query("BEGIN");
  await user.query("SELECT * FROM a");
  const told: string[] = [];
  const directory = folder({ ...base, "0002_add_note.sql": "ALTER TABLE a ADD COLUMN note text;\n" });
  const run = migrate(engine, {
    ...migrationsOf(engine, connection, directory),
    tell: (sentence) => told.push(sentence),
  });
  const reader = await connectPostgres({ ...connection });
  let longest = 0;
  try {
    await reader.query("SET ROLE trading_owner");
    const until = performance.now() + 9000;
    while (performance.now() < until) {
      const asked = performance.now();
      await reader.query("SELECT * FROM a");
      longest = Math.max(longest, performance.now() - asked);
      await sleep(20);
    }
  } finally {
    await reader.end();
  }
  await user.query("COMMIT");
  expect((await run).version).toBe("0002_add_note.sql");
  expect(told.length).toBeGreaterThanOrEqual(2);
  for (const sentence of told) {
    expect(sentence).toMatch(
      /^0002_add_note\.sql: canceling statement due to lock timeout; trying again in \d+\.\d s\.$/,
    );
  }
  // It waited for the reader, and not behind it for longer than the DDL waits itself.
  expect(longest).toBeGreaterThan(1000);
  expect(longest).toBeLessThan(6000);
  expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_add_note.sql");
  await expectSettled(engine, server, connection, directory);
});
