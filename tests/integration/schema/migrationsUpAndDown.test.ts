import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { connectAsOwner, mongoSteps, postgresSteps, type Steps } from "../../support/migrationSteps.ts";
import { useMongo, usePostgres, type FreshMongo, type FreshPostgres } from "../../support/migratorDatabases.ts";

jest.setTimeout(300_000);

/** Each way back alone gives the schema before its migration, and the migration the same schema once more. */
async function expectEachStepBothWays({ migrations, up, down, verify, fingerprint }: Steps): Promise<void> {
  let before = await fingerprint();
  for (const migration of migrations) {
    const state = async () => ({ after: migration.name, schema: await fingerprint() });
    await up(migration);
    expect(await verify(migration)).toEqual([]);
    const after = await state();
    expect(after.schema).not.toBe(before);
    await down(migration);
    expect(await state()).toEqual({ ...after, schema: before });
    await up(migration);
    expect(await state()).toEqual(after);
    before = after.schema;
  }
}

/** @returns what the schema is when all migrations are taken back, and that it is the same when they are applied again. */
async function allUpDownUp({ migrations, up, down, fingerprint }: Steps, lookWhenDown: () => Promise<void>) {
  const empty = await fingerprint();
  for (const migration of migrations) await up(migration);
  const full = await fingerprint();
  for (const migration of migrations.toReversed()) await down(migration);
  expect(await fingerprint()).toBe(empty);
  await lookWhenDown();
  for (const migration of migrations) await up(migration);
  expect(await fingerprint()).toBe(full);
}

describe("PostgreSQL", () => {
  let fresh: FreshPostgres;
  let owner: pg.Client;
  let steps: Steps;
  usePostgres((assigned) => (fresh = assigned));
  beforeEach(async () => {
    owner = await connectAsOwner(fresh.connection);
    steps = postgresSteps(fresh.server, owner);
  });
  afterEach(() => owner?.end());

  test("each migration is taken back by its down file, to the last privilege", () => expectEachStepBothWays(steps));

  test("all are taken back in reverse order, nothing is left, and all can be applied again", () =>
    allUpDownUp(steps, async () => {
      const left = await owner.query(`
        SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT oid::regtype::text FROM pg_type WHERE typnamespace = 'public'::regnamespace
        UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE 'trading\\_%' AND nspname <> 'trading_ledger'
        UNION ALL SELECT format('default privileges of %s', defaclrole::regrole) FROM pg_default_acl`);
      expect(left.rows).toEqual([]);
    }));

  test.each([
    ["0016", "ALTER TABLE trades ADD COLUMN weight numeric"],
    ["0016", "DROP TABLE trading_partitions.trades_p31"],
    ["0017", "CREATE VIEW v_check_weights AS SELECT 1 AS run_id"],
    ["0018", "REVOKE SELECT ON v_leaderboard FROM trading_readonly"],
    ["0018", "REVOKE UPDATE ON trades FROM trading_user"],
    ["0018", "GRANT TRUNCATE ON trades TO trading_user"],
    ["0018", "GRANT INSERT ON trading_partitions.trades_p00 TO trading_user"],
    ["0018", "GRANT DELETE ON simulation_runs TO PUBLIC"],
  ])("the verify file of %s finds the fault: %s", async (number, fault) => {
    for (const migration of steps.migrations) await steps.up(migration);
    const migration = steps.migrations.find(({ name }) => name.startsWith(number))!;
    expect(await steps.verify(migration)).toEqual([]);
    await owner.query(fault);
    expect(await steps.verify(migration)).not.toEqual([]);
  });
});

describe("MongoDB", () => {
  let fresh: FreshMongo;
  let steps: Steps;
  useMongo((assigned) => (fresh = assigned));
  const database = () => fresh.client.db(fresh.connection.database);
  beforeEach(() => void (steps = mongoSteps(database())));

  test("each migration is taken back by its down file", () => expectEachStepBothWays(steps));

  test("all are taken back in reverse order, nothing is left, and all can be applied again", () =>
    allUpDownUp(steps, async () => {
      expect(await database().listCollections().toArray()).toEqual([]);
    }));
});
