import { describe, expect, jest, test } from "@jest/globals";
import { hostname } from "node:os";
import type pg from "pg";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import { seed } from "../../../../migrator/seedRun.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, killDuring, migrationsOf, refusal, seedsOf, until, write } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const engine = "postgresql";
const symbols = "CREATE TABLE symbols (name text PRIMARY KEY);\n";

let connection: Connection;
let user: pg.Client;
usePostgres((fresh) => ({ connection, user } = fresh));

async function tables(): Promise<string[]> {
  const { rows } = await user.query(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  return rows.map((row) => row.relname);
}

describe("the lock", () => {
  const slow = { "0001_create_symbols.sql": symbols + "SELECT pg_sleep(1.5);" };

  test("makes a second run wait, and each migration is applied once", async () => {
    const request = migrationsOf(engine, connection, folder(slow));
    const [one, two] = await Promise.all([migrate(engine, request), migrate(engine, request)]);
    expect(one.applied).toEqual(two.applied);
    expect([...one.added, ...two.added]).toEqual(["0001_create_symbols.sql"]);
    // One that did not wait would have failed on the table.
    expect(await tables()).toEqual(["symbols"]);
  });

  test("names its holder to whoever waited in vain", async () => {
    const request = migrationsOf(engine, connection, folder({ "0001_sleep.sql": "SELECT pg_sleep(6);" }));
    const holder = migrate(engine, request);
    await until(async () => (await user.query("SELECT FROM pg_locks WHERE locktype = 'advisory'")).rowCount! > 0);
    const [{ pid }] = (await user.query("SELECT pid FROM pg_locks WHERE locktype = 'advisory'")).rows;
    expect(await refusal(migrate(engine, { ...request, lockWait: 0.3 }))).toMatch(
      new RegExp(
        `^Another run holds the migration lock of ${connection.database}: "trading-db ${process.pid}@${hostname()}" ` +
          `since \\d{4}-\\d\\d-\\d\\dT[0-9:]+Z \\(from [0-9.]+, server process ${pid}\\)\\. It was waited for 0\\.3 s\\. ` +
          "Let it finish, or end that process; the lock is free as soon as its connection is closed\\. Then run `pulumi up` again\\.$",
      ),
    );
    await holder;
  });

  test("of a run that was killed is free within seconds, and the next run does the work", async () => {
    const request = migrationsOf(
      engine,
      connection,
      folder({ "0001_create_symbols.sql": symbols + "SELECT pg_sleep(5);" }),
    );
    const isAsleep = async () => (await user.query("SELECT FROM pg_locks WHERE locktype = 'advisory'")).rowCount === 1;
    await killDuring(engine, request, () => until(isAsleep));
    expect(await tables()).toEqual([]);
    await until(async () => !(await isAsleep()), 4.5);
    expect((await readLedger(engine, connection)).migrations).toEqual([]);
    expect(await migrate(engine, request)).toMatchObject({
      version: "0001_create_symbols.sql",
      applied: ["0001_create_symbols.sql"],
    });
  });
});

describe("seeds", () => {
  const grants = "GRANT SELECT, INSERT, UPDATE, DELETE ON symbols TO trading_user;";
  const names = async () => (await user.query("SELECT name FROM symbols ORDER BY 1")).rows.map((row) => row.name);

  test("are inserted once, and never overwrite or bring back what a user changed", async () => {
    await migrate(engine, migrationsOf(engine, connection, folder({ "0001_create_symbols.sql": symbols + grants })));
    const directory = folder({
      "default/0001_first.sql": "INSERT INTO symbols VALUES ('AAA'), ('BBB'), ('CCC');",
      "dev/0001_sample.sql": "INSERT INTO symbols VALUES ('SAMPLE');",
    });
    expect(await seed(engine, seedsOf(engine, connection, directory))).toEqual({
      seeded: ["default/0001_first.sql"],
      changed: [],
    });
    expect(await names()).toEqual(["AAA", "BBB", "CCC"]);

    await user.query("UPDATE symbols SET name = 'ZZZ' WHERE name = 'AAA'");
    await user.query("DELETE FROM symbols WHERE name = 'BBB'");
    write(directory, { "default/0001_first.sql": "INSERT INTO symbols VALUES ('AAA'), ('DDD');" });
    expect(await seed(engine, seedsOf(engine, connection, directory, ["default", "dev"]))).toEqual({
      seeded: ["default/0001_first.sql", "dev/0001_sample.sql"],
      changed: [
        "default/0001_first.sql was edited since it was seeded, and was left alone: its statement in line 1 is not an " +
          "INSERT ... ON CONFLICT DO NOTHING, so to run it again could undo what users changed. Give new rows a file of " +
          "their own, or run all of it with `npm run migrate -- seed default --overwrite`.",
      ],
    });
    expect(await names()).toEqual(["CCC", "SAMPLE", "ZZZ"]);
    expect((await readLedger(engine, connection)).seeds.map(({ name }) => name)).toEqual([
      "default/0001_first.sql",
      "dev/0001_sample.sql",
    ]);
  });

  test("that fail keep nothing, and say where", async () => {
    await migrate(engine, migrationsOf(engine, connection, folder({ "0001_create_symbols.sql": symbols + grants })));
    const directory = folder({
      "default/0001_first.sql": "INSERT INTO symbols VALUES ('AAA');\nINSERT INTO symbol VALUES (1);",
    });
    expect(await refusal(seed(engine, seedsOf(engine, connection, directory)))).toBe(
      'default/0001_first.sql line 2: relation "symbol" does not exist; nothing was applied before it, ' +
        "nothing of default/0001_first.sql was kept. Mend the file, and run `pulumi up` again.",
    );
    expect(await names()).toEqual([]);
  });
});
