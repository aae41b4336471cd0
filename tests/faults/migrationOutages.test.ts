import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { connectPostgres } from "../../migrator/postgresql/connection.ts";
import { migrate } from "../../migrator/run.ts";
import type { Connection } from "../../migrator/types.ts";
import { askPostgres, docker, freePort, startPostgres, type Server } from "../support/databases.ts";
import { freshPostgres, usePostgres } from "../support/migratorDatabases.ts";
import { folder, migrationsOf, until } from "../support/migrations.ts";
import { startMigrate } from "../support/runner.ts";
import { expectSettled } from "../support/settled.ts";

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
    const directory = folder(slow);
    const run = startMigrate(engine, connection, directory);
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
    await expectSettled(engine, server, connection, directory);
  });

  test("crashes in the middle of a migration recovers, and the run goes on by itself", async () => {
    const directory = folder(slow);
    const run = startMigrate(engine, connection, directory);
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
    await expectSettled(engine, server, connection, directory);
  });
});

test("F07: a server that ends all sessions in the middle of a bulk seed has each row once", async () => {
  const base = { "0001_create_ticks.sql": "CREATE TABLE ticks (at int, price numeric);\n" };
  const migrations = folder(base);
  await migrate(engine, migrationsOf(engine, connection, migrations));
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
  await expectSettled(engine, server, connection, migrations, ["default/0001_ticks.csv"]);
});

const manners: [string, (container: string) => Promise<unknown>][] = [
  ["is restarted", (container) => docker("restart", container)],
  // All its processes die at once, with what they had in memory.
  ["is killed and started again", (container) => docker("kill", container).then(() => docker("start", container))],
];

describe.each(manners)("F07: a server whose container %s", (_, befall) => {
  let own: Server;
  beforeAll(async () => {
    const port = await freePort();
    // What is in memory does not outlive the container's run, so the data are on a volume without a name.
    const kept = ["--volume", "/kept", "--env", "PGDATA=/kept/data", "--publish", `127.0.0.1:${port}:5432`];
    own = { ...(await startPostgres(...kept)), port };
  });
  afterAll(() => own?.remove());

  /** Runs `migrate`, and befalls the server while the run is in a sleep of the server's. */
  async function interrupted(database: Connection, directory: string, ...args: string[]) {
    const run = startMigrate(engine, database, directory, args);
    const asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    await until(async () => (await askPostgres(own, "postgres", asleep)) === "1", 60);
    await befall(own.container);
    return run.ended;
  }

  test("in the middle of a migration is waited for by the run, which applies each migration once", async () => {
    const database = await freshPostgres(own);
    const directory = folder({
      "0001_create_a.sql": "CREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\n",
      "0002_slow.sql": "CREATE TABLE slow (n int);\nINSERT INTO slow VALUES (1);\nSELECT pg_sleep(5);\n",
      "0003_index_slow.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY slow_n ON slow (n);\n",
    });
    const { code, stderr } = await interrupted(database, directory);
    expect(stderr).toMatch(
      /^The connection to PostgreSQL broke \(.*\): connecting again, to read from the ledger what stands\.\n$/,
    );
    expect(code).toBe(0);
    const ask = (sql: string) => askPostgres(own, database.database, sql);
    expect(await ask("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history")).toBe(
      "applied 0001_create_a.sql, applied 0002_slow.sql, applied 0003_index_slow.sql",
    );
    expect(await ask("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM slow)")).toBe("1|1");
    await expectSettled(engine, own, database, directory);
  });

  test("in the middle of a seed is waited for by the run, and each row is there once", async () => {
    const database = await freshPostgres(own);
    const migrations = folder({
      "0001_create_ticks.sql":
        "CREATE TABLE ticks (at int);\n" +
        "CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n" +
        "  IF NEW.at = 19000 THEN PERFORM pg_sleep(5); END IF; RETURN NEW;\nEND $$;\n" +
        "CREATE TRIGGER rest BEFORE INSERT ON ticks FOR EACH ROW EXECUTE FUNCTION rest();\n",
    });
    await migrate(engine, migrationsOf(engine, database, migrations));
    const rows = 20_000;
    const seeds = folder({
      "default/0001_ticks.csv": `at\n${Array.from({ length: rows }, (_, at) => at).join("\n")}\n`,
    });
    const { code, stderr } = await interrupted(database, seeds, "seed");
    expect(stderr).toMatch(
      /^default\/0001_ticks\.csv: the connection to PostgreSQL broke \(.*it was kept whole or not at all: connecting again/,
    );
    expect(code).toBe(0);
    const counted = await askPostgres(own, database.database, "SELECT count(*), count(DISTINCT at) FROM ticks");
    expect(counted).toBe(`${rows}|${rows}`);
    await expectSettled(engine, own, database, migrations, ["default/0001_ticks.csv"]);
  });
});
