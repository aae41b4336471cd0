import { describe, expect, jest, test } from "@jest/globals";
import { down } from "../../../../migrator/back.ts";
import { countLosses } from "../../../../migrator/postgresql/losses.ts";
import { migrate } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { asOwner, usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, write } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const engine = "postgresql";
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

const ask = (sql: string) => asOwner(connection, async (client) => (await client.query(sql)).rows);

test("a way back that fails tells what was taken back before it", async () => {
  const directory = folder({
    "0001_create_a.sql": "CREATE TABLE a (n int);\n",
    "0001_create_a.down.sql": "DROP TABLE aa;\n",
    "0002_create_b.sql": "CREATE TABLE b (n int);\n",
    "0002_create_b.down.sql": "DROP TABLE b;\n",
  });
  await migrate(engine, migrationsOf(engine, connection, directory));
  const request = { connection, directory, to: "", loseData: true };
  const failure = (before: string) =>
    `0001_create_a.down.sql line 1: table "aa" does not exist; ${before}, nothing of 0001_create_a.down.sql was kept. Mend ` +
    "the file, and run `pulumi up` again.";
  expect(await refusal(down(engine, request))).toBe(failure("0002_create_b.sql was taken back before it"));
  expect(await refusal(down(engine, request))).toBe(failure("nothing was taken back before it"));
  write(directory, { "0001_create_a.down.sql": "DROP TABLE a;\n" });
  expect(await down(engine, request)).toEqual(["0001_create_a.sql"]);
});

describe("what a way back would lose", () => {
  const tables =
    "CREATE TYPE pair AS (a int, b int);\nCREATE TABLE trades (id int PRIMARY KEY, note text, pair pair);\n" +
    "INSERT INTO trades VALUES (1, 'x'), (2, NULL), (3, NULL);\nCREATE SCHEMA audit;\nCREATE TABLE audit.empty (n int);\n" +
    "CREATE TABLE fills (trade int REFERENCES trades);\nCREATE SEQUENCE used;\nSELECT nextval('used');\nCREATE SEQUENCE fresh;\n";
  const files = (text: string) => ({ "0001_trade.sql": tables, "0001_trade.down.sql": text });
  const uncounted = (statement: string) => [`what can't be counted: ${statement}`];

  const cases: [string, string[]][] = [
    ["DROP TABLE fills, trades, audit.empty", ["3 rows of trades"]],
    ["DROP TABLE IF EXISTS gone, gone.gone", []],
    ["DROP TABLE gone", uncounted("DROP TABLE gone")],
    [
      "ALTER TABLE trades DROP COLUMN note, DROP COLUMN id",
      ["1 value of column note of trades", "3 values of column id of trades"],
    ],
    ["ALTER TABLE trades DROP COLUMN IF EXISTS gone", []],
    ["ALTER TABLE trades ALTER note TYPE int", ["1 value of column note of trades, whose type changes"]],
    ["ALTER TABLE trades RENAME TO fresh;\nDROP TABLE IF EXISTS fresh", uncounted("DROP TABLE IF EXISTS fresh")],
    ["ALTER INDEX trades_pkey RENAME TO pk;\nDROP TABLE IF EXISTS trades", ["3 rows of trades"]],
    ["ALTER TABLE trades RENAME CONSTRAINT trades_pkey TO pk;\nDROP TABLE fills", []],
    [
      "ALTER TABLE trades RENAME note TO n;\nALTER TABLE audit.empty DROP COLUMN n;\nDROP TABLE trades",
      ["3 rows of trades"],
    ],
    [
      "ALTER TABLE trades RENAME pair TO p;\nALTER TABLE trades DROP COLUMN note",
      uncounted("ALTER TABLE trades DROP COLUMN note"),
    ],
    [
      "ALTER TABLE trades RENAME id TO trade;\nDELETE FROM fills WHERE trade IN (SELECT trade FROM trades)",
      uncounted("DELETE FROM fills WHERE trade IN (SELECT trade FROM trades)"),
    ],
    ["ALTER SEQUENCE fresh RENAME TO s;\nDROP SEQUENCE s", uncounted("DROP SEQUENCE s")],
    ["SET search_path = audit;\nDROP TABLE trades", uncounted("DROP TABLE trades")],
    ["ALTER TABLE audit.empty SET SCHEMA public;\nDROP TABLE\n  empty", uncounted("DROP TABLE empty")],
    ["TRUNCATE fills, trades", ["3 rows of trades"]],
    ["TRUNCATE trades CASCADE", ["3 rows of trades", ...uncounted("TRUNCATE trades CASCADE")]],
    ["DELETE FROM trades", ["3 rows of trades"]],
    ["delete from only trades AS t WHERE t.id = 3", ["1 row of trades"]],
    ["DELETE FROM trades WHERE id > 3", []],
    ["DELETE FROM trades USING fills", uncounted("DELETE FROM trades USING fills")],
    ["WITH d AS (DELETE FROM trades) SELECT 1", uncounted("WITH d AS (DELETE FROM trades) SELECT 1")],
    ["UPDATE trades SET note = NULL", uncounted("UPDATE trades SET note = NULL")],
    ["INSERT INTO trades VALUES (4) ON CONFLICT DO NOTHING", []],
    [
      "INSERT INTO trades VALUES (3) ON CONFLICT (id) DO UPDATE SET note = ''",
      uncounted("INSERT INTO trades VALUES (3) ON CONFLICT (id) DO UPDATE SET note = ''"),
    ],
    ["DROP SCHEMA audit", []],
    ["DROP SCHEMA audit CASCADE", uncounted("DROP SCHEMA audit CASCADE")],
    ["DROP TYPE pair CASCADE", uncounted("DROP TYPE pair CASCADE")],
    ["ALTER TYPE pair DROP ATTRIBUTE a", uncounted("ALTER TYPE pair DROP ATTRIBUTE a")],
    ["DROP OWNED BY trading_user", uncounted("DROP OWNED BY trading_user")],
    ["DO $$BEGIN END$$", uncounted("DO $$BEGIN END$$")],
    ["DROP SEQUENCE used, fresh", ["1 position of sequence used"]],
    ["DROP FUNCTION gone() CASCADE;\nSELECT 1", []],
  ];

  test("is counted, or told by its statement", async () => {
    await migrate(engine, migrationsOf(engine, connection, folder({ "0001_trade.sql": tables })));
    const found = await asOwner(connection, async (client) => {
      const found: typeof cases = [];
      for (const [text] of cases) {
        found.push([text, await countLosses(client, { name: "0001_trade.down.sql", path: "", checksum: "", text })]);
      }
      return found;
    });
    expect(found).toEqual(cases);
  });

  test("stops it, and is not asked for where data may be lost", async () => {
    const directory = folder(files("ALTER TABLE trades RENAME TO t;\nALTER TABLE t DROP COLUMN note;\n"));
    await migrate(engine, migrationsOf(engine, connection, directory));
    expect(await refusal(down(engine, { connection, directory }))).toBe(
      "To go back would lose data that nothing brings back:\n0001_trade.sql: what can't be counted: ALTER TABLE t DROP COLUMN " +
        "note\nNothing was taken back. Back up first; then say that they may be lost: `--lose-data`.",
    );
    expect(await down(engine, { connection, directory, loseData: true })).toEqual(["0001_trade.sql"]);
  });

  test("is what is left of it where it was interrupted", async () => {
    const text = "-- migrate: no-transaction\nDROP TABLE fills;\nDROP TABLE fill;\nDELETE FROM trades WHERE id = 1;\n";
    const directory = folder(files(text));
    await migrate(engine, migrationsOf(engine, connection, directory));
    await refusal(down(engine, { connection, directory, loseData: true }));
    write(directory, files(text.replace("DROP TABLE fill;\n", "")));
    const refused = await refusal(down(engine, { connection, directory }));
    expect(refused.split("\n")[1]).toBe("0001_trade.sql: 1 row of trades");
    await ask("DELETE FROM trades WHERE id = 1");
    expect(await down(engine, { connection, directory })).toEqual(["0001_trade.sql"]);
  });

  test("is counted whole in the files behind the one that was interrupted", async () => {
    const text = "-- migrate: no-transaction\nDELETE FROM trades WHERE id = 3;\n";
    const directory = folder({
      ...files(text),
      "0002_add_rows.sql": "INSERT INTO fills VALUES (1);\n",
      "0002_add_rows.down.sql": `${text}DROP TABLE fill;\n`,
    });
    await migrate(engine, migrationsOf(engine, connection, directory));
    await refusal(down(engine, { connection, directory, loseData: true }));
    await ask("INSERT INTO trades VALUES (3)");
    write(directory, { "0002_add_rows.down.sql": `${text}DELETE FROM fills;\n` });
    expect((await refusal(down(engine, { connection, directory, to: "" }))).split("\n").slice(1, -1)).toEqual([
      "0002_add_rows.sql: 1 row of fills",
      "0001_trade.sql: 1 row of trades",
    ]);
  });
});
