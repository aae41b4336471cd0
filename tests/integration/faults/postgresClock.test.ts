import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { readLedger } from "../../../migrator/run.ts";
import { askPostgres, startPostgres } from "../../support/databases.ts";
import { freshPostgres } from "../../support/migratorDatabases.ts";
import { folder, until } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";
import { expectSettled } from "../../support/settled.ts";
import { fetchSkewedClock, type SkewedClock } from "../../support/skewedClock.ts";

// A server whose own clock is wrong. Runs whose clocks are: migrationClocks.test.ts.
jest.setTimeout(300_000);

const engine = "postgresql";
const hour = 3600;
const files = {
  "0001_create_ticks.sql": "CREATE TABLE ticks (at int);\nINSERT INTO ticks SELECT generate_series(1, 20000);\n",
  // Busy for some seconds, because it may not sleep: libfaketime lets go of the clock while a process waits. A timer that
  // goes off then compares with the true one, and where that is ahead, takes all timeouts for due.
  "0002_slow.sql":
    "CREATE TABLE slow (n int);\n" +
    "DO $$ BEGIN FOR turn IN 1..400000000 LOOP END LOOP; END $$;\nINSERT INTO slow VALUES (1);\n",
  "0003_index_ticks.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY ticks_at ON ticks (at);\n",
  "0004_add_note.sql": "ALTER TABLE ticks ADD COLUMN note text;\n",
};

let clock: SkewedClock;
beforeAll(async () => {
  clock = await fetchSkewedClock("postgres");
});
afterAll(() => clock?.remove());

test.each([
  ["behind", "-2h", -2 * hour],
  ["ahead of", "+2h", 2 * hour],
])(
  "F14: a server hours %s the run's clock has each migration once and in order, and who waits gets the lock",
  async (_, shift, seconds) => {
    // The processes of the server share a semaphore, which is the first one's: so they are one user's from the beginning.
    const server = await startPostgres("--user", "999:999", ...clock.options("libfaketime.so.1", { FAKETIME: shift }));
    try {
      const connection = await freshPostgres(server);
      const ask = (sql: string) => askPostgres(server, connection.database, sql);
      const now = async () => Number(await ask("SELECT extract(epoch FROM clock_timestamp())"));
      const begun = await now();
      expect(Math.abs(begun - Date.now() / 1000 - seconds)).toBeLessThan(30);

      const directory = folder(files);
      const first = startMigrate(engine, connection, directory);
      const turning = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FOR turn%' AND pid <> pg_backend_pid()";
      await until(async () => (await ask(turning)) === "1");
      const second = await startMigrate(engine, connection, directory).ended;
      expect(second).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Waiting for the migration lock of /) });
      expect((await first.ended).code).toBe(0);

      expect(await ask("SELECT what || ' ' || name FROM trading_ledger.history ORDER BY at")).toBe(
        Object.keys(files)
          .map((name) => `applied ${name}`)
          .join("\n"),
      );
      const ended = await now();
      for (const { appliedAt } of (await readLedger(engine, connection)).migrations) {
        expect(Number(appliedAt) / 1000).toBeGreaterThan(begun - 1);
        expect(Number(appliedAt) / 1000).toBeLessThan(ended + 1);
      }
      expect(await ask("SELECT count(*) FROM slow")).toBe("1");
      await expectSettled(engine, server, connection, directory);
    } finally {
      await server.remove();
    }
  },
);
