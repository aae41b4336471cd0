import { describe, expect, jest, test } from "@jest/globals";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import type { Connection } from "../../../migrator/types.ts";
import { asOwner, usePostgres } from "../../support/migratorDatabases.ts";
import { folder } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";

// Folders of other tools, taken over.
jest.setTimeout(300_000);

const engine = "postgresql";
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

const run = (directory: string, ...args: string[]) => startMigrate(engine, connection, directory, args).ended;

/** Asks the database as the owner of all tables. */
async function ask(statement: string): Promise<Record<string, unknown>[]> {
  return asOwner(connection, async (client: pg.Client) => (await client.query(statement)).rows);
}

describe("adopt", () => {
  const theirs = {
    "V1__Create users.sql": "CREATE TABLE users (id int);\n",
    "V2__Add-email.sql": "ALTER TABLE users ADD COLUMN email text;\n",
    "V10__Create orders.sql": "CREATE TABLE orders (id int);\n",
  };
  const ledgers = {
    "by file name": `CREATE TABLE history (installed_rank int, script text); INSERT INTO history VALUES (1, 'V1__Create users.sql'), (2, 'V2__Add-email.sql');`,
    "by name without ending": `CREATE TABLE history (id serial, name text, run_on timestamp DEFAULT now()); INSERT INTO history (name) VALUES ('V1__Create users'), ('V2__Add-email');`,
    "by number": `CREATE TABLE history (version bigint, at date DEFAULT now()); INSERT INTO history (version) VALUES (1), (2);`,
    "by number, beside a count of its rows": `CREATE TABLE history (id int, version_id bigint, is_applied boolean); INSERT INTO history VALUES (1, 0, true), (2, 1, true), (10, 2, true);`,
    "by the last number alone": `CREATE TABLE history (version bigint, dirty boolean DEFAULT false); INSERT INTO history (version) VALUES (2);`,
  };

  test.each(Object.entries(ledgers))(
    "takes over a folder whose tool notes what is applied %s",
    async (_how, ledger) => {
      await ask(theirs["V1__Create users.sql"] + theirs["V2__Add-email.sql"] + ledger);
      const directory = join(folder({ "migrations/.gitkeep": "" }), "migrations");
      const back = {
        "U1__Create users.sql": "DROP TABLE users;\n",
        "V1__Create users.down.sql": "DROP TABLE users;\n",
      };
      const from = folder({ ...theirs, ...back, ".V1__Create users.sql": "left behind by an editor" });
      expect(await run(directory, "adopt", from, "--table", "public.history")).toMatchObject({
        code: 0,
        stdout:
          "✔ V1__Create users.sql is now 0001_create_users.sql\n✔ V2__Add-email.sql is now 0002_add_email.sql\n" +
          "✔ V10__Create orders.sql is now 0003_create_orders.sql\n✔ 2 of them count as applied\n",
      });
      expect(readFileSync(join(directory, "0002_add_email.sql"), "utf8")).toBe(theirs["V2__Add-email.sql"]);
      expect((await run(directory)).stdout).toBe(
        `✔ 0003_create_orders.sql is applied\n✔ ${connection.database} is at 0003_create_orders.sql\n`,
      );
    },
  );

  test.each([
    ["-- Up Migration\nCREATE TABLE a ();\n\n-- Down Migration\nDROP TABLE a;\n", "-- Down Migration"],
    ["-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n", "-- +goose Down"],
    ["-- +migrate Up\nCREATE TABLE a ();\n-- +migrate Down\nDROP TABLE a;\n", "-- +migrate Down"],
    [
      "-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n",
      "-- migrate:down",
      'and take out the line "-- migrate:up", ',
    ],
  ])("refuses a file with both directions, %j", async (text, marker, more = "") => {
    const parent = folder({});
    const from = folder({ ...theirs, "V11__Create a.sql": text });
    const directory = join(parent, "migrations");
    expect(await run(directory, "adopt", from, "--table", "history")).toMatchObject({
      code: 1,
      stderr:
        `✖ ${from}/V11__Create a.sql has its way back in it, from "${marker}" on, and would run both ways. Nothing was copied. ` +
        `Move that part into V11__Create a.down.sql, which is not adopted, ${more}in this and each other such file.\n`,
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  test("refuses a file that begins as those of dbmate do, which would be no migration here", async () => {
    const from = folder({ "1_a.sql": "-- migrate:up transaction:false\nCREATE TABLE a ();\n" });
    expect(await run(folder({}), "adopt", from, "--table", "history")).toMatchObject({
      code: 1,
      stderr:
        `✖ ${from}/1_a.sql has the line "-- migrate:up transaction:false", which is no directive here. Nothing was copied. ` +
        "Take out that line, in this and each other such file.\n",
    });
  });

  test("refuses a file that the other tool runs again and again, and a folder that is not there", async () => {
    const from = folder({ ...theirs, "R__Views.sql": "CREATE OR REPLACE VIEW v AS SELECT 1;\n" });
    expect((await run(folder({}), "adopt", from, "--table", "history")).stderr).toBe(
      `✖ ${from}/R__Views.sql is repeatable: Flyway runs it after each edit, and a migration runs once. Nothing was copied. ` +
        "Give it the version after the last one, or move it out of the folder.\n",
    );
    expect((await run(folder({}), "adopt", "nowhere", "--table", "history")).stderr).toBe(
      "✖ The folder nowhere can't be read (ENOENT). Paths are relative to the project folder: run from there, or mend the path.\n",
    );
  });

  test("is refused, and leaves no file behind, where the other tool's table does not fit", async () => {
    await ask(`
      CREATE TABLE users (id int);
      CREATE TABLE gap (version int); INSERT INTO gap VALUES (1), (10);
      CREATE TABLE golang (version bigint, dirty boolean); INSERT INTO golang VALUES (2, true);
      CREATE TABLE flyway (installed_rank int, version text, script text, success boolean);
      INSERT INTO flyway VALUES (1, '1', 'V1__Create users.sql', true), (2, '2', 'V2__Add-email.sql', false);
      CREATE TABLE goose (id int, version_id bigint, is_applied boolean);
      INSERT INTO goose VALUES (1, 0, true), (2, 1, true), (3, 2, false)`);
    const from = folder(theirs);
    const directory = folder({});
    const refusals: [string, string][] = [
      [
        "public.nothing",
        `✖ ${connection.database} has no table public.nothing. Name the one in which the other tool notes what is applied.\n`,
      ],
      [
        "gap",
        "✖ gap has V10__Create orders.sql as applied, but not V2__Add-email.sql before it. Nothing was copied. Apply that one with the other tool first.\n",
      ],
      ...[
        ["golang", "dirty = true for version 2"],
        ["flyway", "success = false for version 2"],
        ["goose", "is_applied = false for version_id 2"],
      ].map(([table, state]): [string, string] => [
        table!,
        `✖ ${table} has ${state}: that migration is not applied whole. Nothing was copied. Mend it with the other tool first.\n`,
      ]),
    ];
    for (const [table, stderr] of refusals) {
      expect(await run(directory, "adopt", from, "--table", table)).toMatchObject({ code: 1, stderr });
      expect(readdirSync(directory)).toEqual([]);
    }
  });
});
