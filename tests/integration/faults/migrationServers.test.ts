import { describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import { connectPostgres } from "../../../migrator/postgresql/connection.ts";
import { migrate, readLedger } from "../../../migrator/run.ts";
import type { Connection } from "../../../migrator/types.ts";
import { docker, startPostgres, type Server } from "../../support/databases.ts";
import { freshPostgres, usePostgres } from "../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, until } from "../../support/migrations.ts";
import { startProxy } from "../../support/proxy.ts";
import { startMigrate } from "../../support/runner.ts";

// What can befall a run of PostgreSQL's migrations from outside: other runs, readers, the server, the network, the clocks.
jest.setTimeout(180_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
let user: pg.Client;
usePostgres((fresh) => ({ server, connection, user } = fresh));

const psql = (sql: string) =>
  docker("exec", server.container, "psql", "-X", "-U", "postgres", "-d", connection.database, "-Atc", sql);
const locks = () =>
  psql(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
const history = () => psql("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history");
const sleepers = () =>
  psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");

const ticks = {
  "0001_create_ticks.sql":
    "CREATE TABLE ticks (at int, price numeric);\nINSERT INTO ticks SELECT n, n FROM generate_series(1, 20000) n;\n",
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
});

test("F05: who waits is told who holds the lock, since when, from where", async () => {
  const first = startMigrate(engine, connection, folder({ "0001_sleep.sql": "SELECT pg_sleep(4);" }));
  await until(async () => (await sleepers()) === "1");
  const second = await startMigrate(engine, connection, folder({ "0001_sleep.sql": "SELECT pg_sleep(4);" })).ended;
  expect((await first.ended).code).toBe(0);
  expect(second.code).toBe(0);
  expect(second.stderr).toMatch(
    new RegExp(
      `^Waiting for the migration lock of ${connection.database}, which is held by "trading-db ${first.process.pid}@[^"]+" ` +
        "since \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ \\(from [\\d.]+, server process \\d+\\)\\.\n$",
    ),
  );
});

test("F03: an index whose CREATE CONCURRENTLY was killed is found INVALID, dropped and built anew", async () => {
  const directory = folder(ticks);
  await migrate(
    engine,
    migrationsOf(engine, connection, folder({ "0001_create_ticks.sql": ticks["0001_create_ticks.sql"] })),
  );
  await psql("GRANT SELECT ON ticks TO trading_user");
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
  expect(told).toContain("The index ticks_at was left INVALID by a run that was killed: it is dropped and built anew.");
  expect(await psql("SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indrelid = 'ticks'::regclass")).toBe(
    "2|t",
  );
  expect(await psql("SELECT count(*) FROM trading_ledger.progress")).toBe("0");
});

describe("F07: a server that", () => {
  const slow = {
    "0001_create_ticks.sql": ticks["0001_create_ticks.sql"],
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
    expect(await history()).toBe("applied 0001_create_ticks.sql, applied 0002_slow.sql");
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
    expect(await history()).toBe("applied 0001_create_ticks.sql, applied 0002_slow.sql");
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
  await until(async () => Number(await psql("SELECT sum(tuples_processed) FROM pg_stat_progress_copy")) > 1000);
  await psql("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy");
  const { code, stderr } = await run.ended;
  expect(stderr).toMatch(
    /^default\/0001_ticks\.csv: the connection to PostgreSQL broke \(.*it was kept whole or not at all: connecting again/,
  );
  expect(code).toBe(0);
  expect(await psql("SELECT count(*), count(DISTINCT at) FROM ticks")).toBe(`${rows}|${rows}`);
  expect(await psql("SELECT count(*) FROM trading_ledger.seeds")).toBe("1");
});

describe("F13: an applied migration that was", () => {
  const first = "CREATE TABLE a (n int); -- the first\n";
  const second = "CREATE TABLE b (n int);\n";
  const applied = { "0001_create_a.sql": first, "0002_create_b.sql": second };
  const way =
    "Bring its text back, and put the change into a new file. Where only comments changed, " +
    "`npm run migrate -- repair 0001_create_a.sql` accepts them.";

  test.each([
    [
      "saved with CRLF, a BOM and trailing blanks",
      { ...applied, "0001_create_a.sql": "\uFEFF" + first.replace("\n", "  \r\n\r\n") },
      undefined,
    ],
    [
      "edited",
      { ...applied, "0001_create_a.sql": first.replace("int", "bigint") },
      `0001_create_a.sql was edited after it was applied: line 1 is now "CREATE TABLE a (n bigint); -- the first", and was ` +
        `"CREATE TABLE a (n int); -- the first". ${way}`,
    ],
    [
      "edited in a comment alone",
      { ...applied, "0001_create_a.sql": first.replace("the first", "first") },
      `0001_create_a.sql was edited after it was applied: line 1 is now "CREATE TABLE a (n int); -- first", and was ` +
        `"CREATE TABLE a (n int); -- the first". ${way}`,
    ],
    [
      "deleted",
      { "0001_create_a.sql": first },
      "0002_create_b.sql was applied, but is not among the files. Bring it back, or use the checkout that has it.",
    ],
    [
      "renamed",
      { "0001_create_a.sql": first, "0002_create_table_b.sql": second },
      "0002_create_b.sql was applied, and is now called 0002_create_table_b.sql. Give it its old name back.",
    ],
    [
      "replaced by another of its number",
      { "0001_create_a.sql": first, "0002_create_c.sql": "CREATE TABLE c (n int);\n" },
      "0002_create_b.sql was applied, but 0002_create_c.sql has its number now. Bring 0002_create_b.sql back, and give " +
        "0002_create_c.sql the next free number.",
    ],
  ])("%s", async (_, files, expected) => {
    await migrate(engine, migrationsOf(engine, connection, folder(applied)));
    const before = await readLedger(engine, connection);
    const again = migrate(engine, migrationsOf(engine, connection, folder(files)));
    if (expected === undefined) expect((await again).applied).toEqual(Object.keys(applied));
    else expect(await refusal(again)).toBe(expected);
    expect(await readLedger(engine, connection)).toEqual(before);
    expect(await locks()).toBe("0");
  });

  test("followed by a file of the same number is refused before anything is asked", () => {
    const directory = folder({ ...applied, "0002_create_c.sql": "CREATE TABLE c (n int);\n" });
    expect(() => migrationsOf(engine, connection, directory)).toThrow(
      `0002_create_b.sql and 0002_create_c.sql in ${directory} have the same number. ` +
        "Give the one that was not applied anywhere yet the next free number.",
    );
  });
});

describe("F15: a network that", () => {
  const slow = {
    "0001_create_a.sql": "CREATE TABLE a (n int);\n",
    "0002_slow.sql": "CREATE TABLE slow (n int);\nSELECT pg_sleep(2);\n",
  };

  test.each(["before", "after"] as const)(
    "is cut %s the server gets a COMMIT: what came of it is read from the ledger",
    async (fate) => {
      let cuts = 0;
      const proxy = await startProxy(connection, (message) =>
        message.includes("COMMIT") && message.includes("CREATE TABLE a") && cuts++ === 0 ? fate : "pass",
      );
      try {
        const { code, stderr } = await startMigrate(engine, { ...connection, port: proxy.port }, folder(slow)).ended;
        expect(stderr).toBe(
          "The connection to PostgreSQL broke (Connection terminated unexpectedly): connecting again, to read from the ledger what stands.\n",
        );
        expect(code).toBe(0);
      } finally {
        await proxy.close();
      }
      expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_slow.sql");
    },
  );

  test("is cut again and again is given up after six times, and the ledger has what stands", async () => {
    const first = { "0001_create_a.sql": slow["0001_create_a.sql"] };
    await migrate(engine, migrationsOf(engine, connection, folder(first)));
    const proxy = await startProxy(connection, (message) =>
      message.includes("CREATE TABLE slow") ? "before" : "pass",
    );
    try {
      const { code, stderr } = await startMigrate(engine, { ...connection, port: proxy.port }, folder(slow)).ended;
      expect(stderr.split("\n").at(-2)).toBe(
        "✖ The connection to PostgreSQL broke (Connection terminated unexpectedly), for the 6th time. Run this again when it is " +
          "stable: the ledger tells what stands.",
      );
      expect(code).toBe(1);
    } finally {
      await proxy.close();
    }
    expect(await history()).toBe("applied 0001_create_a.sql");
    await until(async () => (await locks()) === "0");
  });

  test("says nothing any more is noticed, and the run goes on when it is back", async () => {
    const proxy = await startProxy(connection);
    try {
      const run = startMigrate(engine, { ...connection, port: proxy.port }, folder(slow));
      await until(async () => (await sleepers()) === "1");
      proxy.stall();
      await sleep(50_000);
      proxy.restore();
      const { code, stderr } = await run.ended;
      expect(stderr).toMatch(/^The connection to PostgreSQL broke/);
      expect(code).toBe(0);
    } finally {
      await proxy.close();
    }
    expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_slow.sql");
    expect(await locks()).toBe("0");
  });

  test("is taken away from the server's container and given back is noticed, and the run goes on", async () => {
    const network = `${server.container}-net`;
    // Its own server: a container that comes back to a network gets other addresses and ports.
    const own = await startPostgres();
    try {
      await docker("network", "create", network);
      await docker("network", "connect", network, own.container);
      const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
      const host = await docker("inspect", "--format", format, own.container);
      const there = { ...(await freshPostgres(own)), host, port: 5432 };
      const ask = (sql: string) =>
        docker("exec", own.container, "psql", "-X", "-U", "postgres", "-d", there.database, "-Atc", sql);
      const run = startMigrate(engine, there, folder(slow));
      await until(
        async () => (await ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) === "1",
      );
      await docker("network", "disconnect", network, own.container);
      await sleep(3000);
      await docker("network", "connect", network, own.container);
      const { code } = await run.ended;
      expect(code).toBe(0);
      expect(await ask("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history")).toBe(
        "applied 0001_create_a.sql, applied 0002_slow.sql",
      );
      expect(await ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).toBe("0");
    } finally {
      await own.remove();
      await docker("network", "rm", network);
    }
  });
});

test("F14: a runner whose clock is wrong by hours or days applies each migration once, and its lock is told by the server's time", async () => {
  const shifts = [90 * 60, -195 * 60, 2 * 86_400, -7 * 3600, 11 * 60, 42 * 86_400, -13 * 3600];
  const directory = folder(ticks);
  // The clock of a process is shifted by what it loads first: Date, and all that is made of it.
  const shifted = (seconds: number) =>
    `const now = Date.now; Date.now = () => now() + ${seconds * 1000}; globalThis.Date = class extends Date { constructor(...a) { super(...(a.length ? a : [Date.now()])); } };`;
  const ends = await Promise.all(
    shifts.map(
      (seconds) =>
        startMigrate(
          engine,
          connection,
          directory,
          [],
          `--import=data:text/javascript,${encodeURIComponent(shifted(seconds))}`,
        ).ended,
    ),
  );
  expect(ends.map(({ code }) => code)).toEqual(shifts.map(() => 0));
  expect(await history()).toBe(
    "applied 0001_create_ticks.sql, applied 0002_index_ticks.sql, applied 0003_add_note.sql",
  );
  const ages = await psql(
    "SELECT bool_and(abs(extract(epoch FROM now() - applied_at)) < 300) FROM trading_ledger.migrations",
  );
  expect(ages).toBe("t");
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
  expect(longest).toBeLessThan(3000);
});
