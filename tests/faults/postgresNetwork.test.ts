import { describe, expect, jest, test } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import { migrate } from "../../migrator/run.ts";
import type { Connection } from "../../migrator/types.ts";
import { askPostgres, docker, startPostgres, type Server } from "../support/databases.ts";
import { freshPostgres, usePostgres } from "../support/migratorDatabases.ts";
import { folder, migrationsOf, until } from "../support/migrations.ts";
import { startProxy } from "../support/proxy.ts";
import { startMigrate } from "../support/runner.ts";
import { expectSettled } from "../support/settled.ts";
import { expectUnchanged, stateOf } from "../support/unchanged.ts";

jest.setTimeout(180_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
usePostgres((fresh) => ({ server, connection } = fresh));

const psql = (sql: string) => askPostgres(server, connection.database, sql);
const locks = () =>
  psql(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
const history = () => psql("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history");
const sleepers = () =>
  psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");

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
      const directory = folder(slow);
      try {
        const { code, stderr } = await startMigrate(engine, { ...connection, port: proxy.port }, directory).ended;
        expect(stderr).toBe(
          "The connection to PostgreSQL broke (Connection terminated unexpectedly): connecting again, to read from the ledger what stands.\n",
        );
        expect(code).toBe(0);
      } finally {
        await proxy.close();
      }
      expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_slow.sql");
      await expectSettled(engine, server, connection, directory);
    },
  );

  test("is cut again and again is given up after six times, and the ledger has what stands", async () => {
    const first = { "0001_create_a.sql": slow["0001_create_a.sql"] };
    await migrate(engine, migrationsOf(engine, connection, folder(first)));
    const before = await stateOf(engine, connection);
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
    await expectUnchanged(engine, connection, before);
  });

  test("says nothing any more is noticed, and the run goes on when it is back", async () => {
    const proxy = await startProxy(connection);
    const directory = folder(slow);
    try {
      const run = startMigrate(engine, { ...connection, port: proxy.port }, directory);
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
    await expectSettled(engine, server, connection, directory);
  });

  test("takes half a second in each direction makes a run slow, and nothing else", async () => {
    const proxy = await startProxy(connection);
    proxy.delay(500);
    const directory = folder({
      "0001_create_a.sql": "CREATE TABLE a (n int);\n",
      "0002_fill_a.sql": "INSERT INTO a VALUES (1);\n",
      "0003_add_note.sql": "ALTER TABLE a ADD COLUMN note text;\n",
    });
    try {
      const begun = performance.now();
      expect(await startMigrate(engine, { ...connection, port: proxy.port }, directory).ended).toMatchObject({
        code: 0,
        stderr: "",
      });
      // More than the login alone, which takes three answers.
      expect(performance.now() - begun).toBeGreaterThan(5000);
    } finally {
      await proxy.close();
    }
    expect(await history()).toBe("applied 0001_create_a.sql, applied 0002_fill_a.sql, applied 0003_add_note.sql");
    await expectSettled(engine, server, connection, directory);
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
      const ask = (sql: string) => askPostgres(own, there.database, sql);
      const directory = folder(slow);
      const run = startMigrate(engine, there, directory);
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
      await expectSettled(engine, own, there, directory);
    } finally {
      await own.remove();
      await docker("network", "rm", network);
    }
  });
});
