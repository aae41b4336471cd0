import { describe, expect, jest, test } from "@jest/globals";
import { connectPostgres } from "../../../migrator/postgresql/connection.ts";
import { migrate } from "../../../migrator/run.ts";
import type { Connection } from "../../../migrator/types.ts";
import { askPostgres, docker, type Server } from "../../support/databases.ts";
import { usePostgres } from "../../support/migratorDatabases.ts";
import { folder, migrationsOf, until } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";

// PostgreSQL's server ends its sessions, or crashes, under a run. MongoDB's: tests/integration/migrator/mongodb/outages.test.ts.
jest.setTimeout(180_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
usePostgres((fresh) => ({ server, connection } = fresh));

const psql = (sql: string) => askPostgres(server, connection.database, sql);
const history = () => psql("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history");
const sleepers = () =>
  psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");

describe("F07: a server that", () => {
  const slow = {
    "0001_create_a.sql": "CREATE TABLE a (n int);\n",
    "0002_slow.sql": "CREATE TABLE slow (a int);\nSELECT pg_sleep(3);\nINSERT INTO slow VALUES (1);\n",
  };

  test("ends all sessions in the middle of a migration is connected to again, and each migration is applied once", async () => {
    const run = startMigrate(engine, connection, folder(slow));
    await until(async () => (await sleepers()) === "1");
    await psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    const { code, stderr } = await run.ended;
    expect(stderr).toBe(
      "The connection to PostgreSQL broke (terminating connection due to administrator command): connecting again, to read " +
        "from the ledger what stands.\n",
    );
    expect(code).toBe(0);
    expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_slow.sql");
    expect(await psql("SELECT count(*) FROM slow")).toBe("1");
  });

  test("crashes in the middle of a migration recovers, and the run goes on by itself", async () => {
    const run = startMigrate(engine, connection, folder(slow));
    await until(async () => (await sleepers()) === "1");
    // The death of one process of the server by SIGKILL makes it restart all of them, as after a crash.
    const pid = await psql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    await docker("exec", server.container, "bash", "-c", `kill -9 ${pid}`);
    const { code, stderr } = await run.ended;
    expect(stderr).toMatch(
      /^The connection to PostgreSQL broke \(.*\): connecting again, to read from the ledger what stands\.\n/,
    );
    expect(code).toBe(0);
    expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_slow.sql");
    expect(await psql("SELECT count(*) FROM slow")).toBe("1");
  });
});

test("F07: a server that ends all sessions in the middle of a bulk seed has each row once", async () => {
  const base = { "0001_create_ticks.sql": "CREATE TABLE ticks (at int, price numeric);\n" };
  await migrate(engine, migrationsOf(engine, connection, folder(base)));
  const rows = 1_000_000;
  const lines = Array.from({ length: rows }, (_, at) => `${at},1.5`);
  const directory = folder({ "default/0001_ticks.csv": `at,price\n${lines.join("\n")}\n` });
  const run = startMigrate(engine, connection, directory, ["seed"]);
  // The look ends what it finds, by an open connection: the seed takes little longer than two calls of psql.
  const watcher = await connectPostgres(connection);
  const ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy WHERE tuples_processed > 1000";
  await until(async () => (await watcher.query(ended)).rows.length > 0).finally(() => watcher.end());
  const { code, stderr } = await run.ended;
  expect(stderr).toMatch(
    /^default\/0001_ticks\.csv: the connection to PostgreSQL broke \(.*it was kept whole or not at all: connecting again/,
  );
  expect(code).toBe(0);
  expect(await psql("SELECT count(*), count(DISTINCT at) FROM ticks")).toBe(`${rows}|${rows}`);
  expect(await psql("SELECT count(*) FROM trading_ledger.seeds")).toBe("1");
});
