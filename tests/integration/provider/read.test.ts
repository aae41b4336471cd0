import { expect, jest, test } from "@jest/globals";
import { migrate } from "../../../migrator/run.ts";
import { seed } from "../../../migrator/seedRun.ts";
import type { Connection } from "../../../migrator/types.ts";
import { read } from "../../../provider/resources.ts";
import { asOwner, usePostgres } from "../../support/migratorDatabases.ts";
import { folder, migrationsOf, seedsOf } from "../../support/migrations.ts";

// What a refresh reads, without Pulumi around it.
jest.setTimeout(300_000);

const engine = "postgresql";
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

const ask = (statement: string) => asOwner(connection, async (client) => void (await client.query(statement)));

test("drift is told until it is taken back, and not longer", async () => {
  const warn = jest.spyOn(console, "warn").mockImplementation(() => {});
  const request = migrationsOf(engine, connection, folder({ "0001_create_a.sql": "CREATE TABLE a (n int);\n" }));
  await migrate(engine, request);
  const state = { ...request, version: "0001_create_a.sql", applied: ["0001_create_a.sql"] };
  await ask("ALTER TABLE a ADD COLUMN note text");
  const drifted = await read("PostgresMigrations", "test/migrations", state);
  const drift = ["column public.a.note is there, but no migration made it: text"];
  expect(drifted).toEqual({ id: "test/migrations", props: { ...state, drift }, inputs: { ...request, drift } });
  expect(warn.mock.calls).toEqual([[`${connection.database} has drifted: ${drift[0]}`]]);
  await ask("ALTER TABLE a DROP COLUMN note");
  const mended = await read("PostgresMigrations", "test/migrations", drifted.props!);
  expect(mended).toStrictEqual({ id: "test/migrations", props: state, inputs: { ...request } });
  warn.mockRestore();
});

test("a seed has the checksum of the ledger, so that an older one, brought back by a backup, is seeded again", async () => {
  await migrate(
    engine,
    migrationsOf(engine, connection, folder({ "0001_create_a.sql": "CREATE TABLE a (n int PRIMARY KEY);\n" })),
  );
  const directory = folder({
    "default/0001_first.sql": "INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING;\n",
    "default/0002_second.sql": "INSERT INTO a VALUES (2) ON CONFLICT DO NOTHING;\n",
  });
  const request = seedsOf(engine, connection, directory);
  const state = { ...request, ...(await seed(engine, request)) };
  expect((await read("PostgresSeeds", "test/seeds", state)).props).toEqual(state);
  await ask(`
    UPDATE trading_ledger.seeds SET checksum = 'older' WHERE name = 'default/0001_first.sql';
    DELETE FROM trading_ledger.seeds WHERE name = 'default/0002_second.sql'`);
  expect((await read("PostgresSeeds", "test/seeds", state)).props).toEqual({
    ...state,
    seeds: [{ name: "default/0001_first.sql", checksum: "older" }],
    seeded: ["default/0001_first.sql"],
  });
});
