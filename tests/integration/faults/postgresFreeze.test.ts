import { expect, jest, test } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../../migrator/types.ts";
import { askPostgres, type Server } from "../../support/databases.ts";
import { asOwner, usePostgres } from "../../support/migratorDatabases.ts";
import { folder, until } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";
import { expectSettled } from "../../support/settled.ts";

// A run whose process is stopped while it holds the lock. MongoDB's: tests/integration/migrator/mongodb/lease.test.ts.
jest.setTimeout(300_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
usePostgres((fresh) => ({ server, connection } = fresh));

const psql = (sql: string) => askPostgres(server, connection.database, sql);
const sessions = (where: string) =>
  psql(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND ${where}`);
const history = () => psql("SELECT string_agg(what || ' ' || name, ', ' ORDER BY at) FROM trading_ledger.history");

test("F06: a run that is frozen in a transaction loses its locks, and when it wakes up it finds what another one applied", async () => {
  const directory = folder({
    "0001_slow.sql":
      "SET LOCAL idle_in_transaction_session_timeout = '10s';\nCREATE TABLE a (n int);\nSELECT pg_sleep(5);\n",
    // It is a message of its own, so there is a moment before it in which the server waits in the transaction.
    "0001_slow.verify.sql": "SELECT * FROM a;\n",
  });
  const frozen = startMigrate(engine, connection, directory);
  await until(async () => (await sessions("wait_event = 'PgSleep'")) === "1");
  frozen.process.kill("SIGSTOP");
  await until(async () => (await sessions("state LIKE 'idle in transaction%'")) === "1");
  const second = await startMigrate(engine, connection, directory).ended;
  expect(second).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Waiting for the migration lock of /) });
  frozen.process.kill("SIGCONT");
  const { code, stderr } = await frozen.ended;
  expect(stderr).toMatch(
    /^The connection to PostgreSQL broke \(.*\): connecting again, to read from the ledger what stands\.\n$/,
  );
  expect(code).toBe(0);
  expect(await history()).toBe("applied 0001_slow.sql");
  await expectSettled(engine, server, connection, directory);
});

test("a session has 60 s between two messages of a transaction", async () => {
  const directory = folder({
    "0001_setting.sql": "CREATE TABLE a AS SELECT current_setting('idle_in_transaction_session_timeout') AS setting;\n",
  });
  expect((await startMigrate(engine, connection, directory).ended).code).toBe(0);
  expect(await asOwner(connection, async (client) => (await client.query("SELECT * FROM a")).rows)).toEqual([
    { setting: "1min" },
  ]);
});

test("F06: a run that is frozen between transactions keeps the lock, others are told so, and it goes on when it wakes up", async () => {
  const directory = folder({
    "0001_slow.sql": "-- migrate: no-transaction\nSELECT pg_sleep(6);\nCREATE TABLE a (n int);\n",
  });
  const frozen = startMigrate(engine, connection, directory);
  await until(async () => (await sessions("wait_event = 'PgSleep'")) === "1");
  frozen.process.kill("SIGSTOP");
  await sleep(8000);
  const second = await startMigrate(engine, connection, directory, ["--wait", "1"]).ended;
  expect(second.code).toBe(4);
  expect(second.stderr).toMatch(`is held by "trading-db ${frozen.process.pid}@`);
  frozen.process.kill("SIGCONT");
  expect((await frozen.ended).code).toBe(0);
  expect(await history()).toBe("applied 0001_slow.sql");
  await expectSettled(engine, server, connection, directory);
});
