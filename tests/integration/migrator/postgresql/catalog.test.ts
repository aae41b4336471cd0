import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { driftBetween } from "../../../../migrator/catalog.ts";
import { listMigrations } from "../../../../migrator/files.ts";
import { readPostgresCatalog } from "../../../../migrator/postgresql/catalog.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { passwords } from "../../../support/databases.ts";
import { usePostgres } from "../../../support/migratorDatabases.ts";

jest.setTimeout(300_000);

let connection: Connection;
let user: pg.Client;
let owner: pg.Client;
usePostgres((fresh) => ({ connection, user } = fresh));

beforeEach(async () => {
  owner = new pg.Client(connection);
  await owner.connect();
  await owner.query("SET ROLE trading_owner");
});
afterEach(() => owner.end());

async function applySchema(): Promise<void> {
  const directory = "schema/postgresql/migrations";
  for (const { name } of listMigrations("postgresql", directory)) {
    await owner.query(`BEGIN; ${readFileSync(join(directory, name), "utf8")}; COMMIT`);
  }
}

test("the real schema reads the same again, for every role and whatever the session is set to", async () => {
  expect(Object.keys(await readPostgresCatalog(owner))).toEqual(["schema public"]);
  await applySchema();
  const catalog = await readPostgresCatalog(owner);
  expect(catalog).toMatchObject({
    "column public.simulation_runs.tags": "text[] not null default '{}'::text[]\ncommented \"Free labels.\"",
    "constraint public.simulation_runs.simulation_runs_pkey": "PRIMARY KEY (run_id)",
    "index public.trades_by_symbol": "CREATE INDEX trades_by_symbol ON ONLY public.trades USING btree (run_id, symbol)",
    "default privileges of trading_owner on functions": "revoking EXECUTE from PUBLIC",
    "table trading_partitions.trades_p31": [
      "partition of public.trades FOR VALUES WITH (modulus 32, remainder 31)",
      "with autovacuum_vacuum_insert_scale_factor=0.05",
      "owned by trading_owner",
      "granting SELECT to trading_readonly",
      "granting SELECT to trading_user",
    ].join("\n"),
  });
  // What partitions have because their parents have it would be told 32 times.
  expect(Object.keys(catalog).filter((key) => key.startsWith("column trading_partitions."))).toEqual([]);

  expect(await readPostgresCatalog(owner)).toEqual(catalog);
  await user.query("SET search_path = public; SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'");
  expect(Object.entries(await readPostgresCatalog(user))).toEqual(Object.entries(catalog));
  expect((await user.query("SHOW search_path")).rows).toEqual([{ search_path: "public" }]);
  const readonly = new pg.Client({ ...connection, user: "trading_readonly", password: passwords.readonly });
  await readonly.connect();
  expect(await readPostgresCatalog(readonly)).toEqual(catalog);
  await readonly.end();
});

test("the same migrations give the same catalog again, and rows and statistics don't matter", async () => {
  const twice = `CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text DEFAULT 'x' UNIQUE);`;
  await owner.query(twice);
  const first = await readPostgresCatalog(owner);
  await owner.query("INSERT INTO t (a) VALUES ('y'); ANALYZE t");
  expect(await readPostgresCatalog(owner)).toEqual(first);
  await owner.query(`DROP TABLE t; CREATE TABLE other (); ${twice} DROP TABLE other;`);
  expect(await readPostgresCatalog(owner)).toEqual(first);
});

/** One thing of each kind that the real schema does not have. */
const more = `
  SET search_path = public;
  CREATE TYPE mood AS ENUM ('low', 'high');
  CREATE TYPE pair AS (a integer, b text);
  CREATE SEQUENCE numbers;
  CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS $$
    SELECT 2 * n
  $$;
  CREATE FUNCTION mood_number(mood) RETURNS integer LANGUAGE sql AS 'SELECT 1';
  CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
  CREATE TABLE notes (
    id integer CONSTRAINT notes_pkey PRIMARY KEY, body text DEFAULT 'x', rank numeric NOT NULL, at date,
    CONSTRAINT rank_is_positive CHECK (rank > 0));
  INSERT INTO notes VALUES (1, 'same', 1), (2, 'same', 2);
  CREATE INDEX notes_by_rank ON notes (rank);
  CREATE STATISTICS notes_stats (dependencies) ON rank, body FROM notes;
  CREATE VIEW low_notes AS SELECT id, body FROM notes WHERE rank < 10;
  CREATE MATERIALIZED VIEW note_count AS SELECT count(*) FROM notes;
  CREATE RULE keep AS ON DELETE TO notes DO INSTEAD NOTHING;
  ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON notes FOR SELECT TO trading_user USING (true);`;

/** Changes by hand, one after another, each with what is told of it. */
const changes: [sql: string, ...told: string[]][] = [
  ["ALTER TABLE notes ADD extra text", "column public.notes.extra is there, but no migration made it: text"],
  ["ALTER TABLE notes DROP extra", "column public.notes.extra is missing"],
  ["ALTER TABLE trades ADD extra text", "column public.trades.extra is there, but no migration made it: text"],
  [
    "ALTER TABLE notes ALTER at TYPE timestamptz",
    "column public.notes.at is timestamp with time zone, and should be date",
  ],
  [
    "ALTER TABLE notes ALTER body DROP DEFAULT",
    "column public.notes.body is text, and should be text default 'x'::text",
  ],
  ["ALTER TABLE notes ALTER body SET NOT NULL", "column public.notes.body is text not null, and should be text"],
  [
    "ALTER TABLE notes ALTER body SET (n_distinct = 5)",
    "column public.notes.body is text not null with n_distinct=5, and should be text not null",
  ],
  ["COMMENT ON COLUMN notes.body IS 'Text.'", 'column public.notes.body is commented "Text.", and should not be'],
  [
    "GRANT UPDATE (body) ON notes TO trading_readonly",
    "column public.notes.body is granting UPDATE to trading_readonly, and should not be",
  ],
  ["COMMENT ON TABLE notes IS E'Two\\nlines'", 'table public.notes is commented "Two\\nlines", and should not be'],
  [
    "GRANT DELETE ON notes TO trading_readonly",
    "table public.notes is granting DELETE, SELECT to trading_readonly, and should be granting SELECT to trading_readonly",
  ],
  ["REVOKE ALL ON notes FROM trading_user", "table public.notes is not granting SELECT to trading_user, and should be"],
  ["ALTER TABLE notes SET (fillfactor = 70)", "table public.notes is with fillfactor=70, and should not be"],
  ["DROP INDEX notes_by_rank", "index public.notes_by_rank is missing"],
  [
    "CREATE INDEX notes_by_rank ON notes (rank DESC)",
    "index public.notes_by_rank is there, but no migration made it: CREATE INDEX notes_by_rank ON public.notes USING btree (rank DESC)",
  ],
  ["ALTER TABLE notes DROP CONSTRAINT rank_is_positive", "constraint public.notes.rank_is_positive is missing"],
  [
    "ALTER TABLE notes ADD CONSTRAINT short CHECK (length(body) < 9) NOT VALID",
    "constraint public.notes.short is there, but no migration made it: CHECK ((length(body) < 9)) NOT VALID",
  ],
  [
    "ALTER TABLE notes VALIDATE CONSTRAINT short",
    "constraint public.notes.short is CHECK ((length(body) < 9)), and should be CHECK ((length(body) < 9)) NOT VALID",
  ],
  ["ALTER TABLE notes DROP CONSTRAINT notes_pkey", "constraint public.notes.notes_pkey is missing"],
  [
    "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS $$\n    SELECT n + n\n  $$",
    'function public.twice(integer): line 5 is "SELECT n + n" and should be "SELECT 2 * n"',
  ],
  [
    "GRANT EXECUTE ON FUNCTION twice TO trading_user",
    "function public.twice(integer) is granting EXECUTE to trading_user, and should not be",
  ],
  ["DROP PROCEDURE nothing", "procedure public.nothing() is missing"],
  ["DROP AGGREGATE total(integer)", "aggregate public.total(integer) is missing"],
  [
    "CREATE OR REPLACE VIEW low_notes AS SELECT id, body FROM notes WHERE rank < 20",
    'view public.low_notes: line 4 is "WHERE (notes.rank < (20)::numeric);" and should be "WHERE (notes.rank < (10)::numeric);"',
  ],
  [
    "COMMENT ON MATERIALIZED VIEW note_count IS 'All.'",
    'materialized view public.note_count is commented "All.", and should not be',
  ],
  [
    "ALTER TABLE simulation_runs DISABLE TRIGGER touch_updated_at",
    "trigger public.simulation_runs.touch_updated_at is disabled, and should not be",
  ],
  [
    "ALTER DOMAIN symbol DROP CONSTRAINT symbol_has_1_to_40_characters",
    "domain public.symbol is not constrained by symbol_has_1_to_40_characters CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 40))), and should be",
  ],
  [
    "ALTER TYPE mood ADD VALUE 'middle' AFTER 'low'",
    "enum public.mood is 'low', 'middle', 'high', and should be 'low', 'high'",
  ],
  [
    "ALTER TYPE pair ADD ATTRIBUTE c date",
    "type public.pair is (a integer, b text, c date), and should be (a integer, b text)",
  ],
  [
    "ALTER SEQUENCE numbers INCREMENT 5",
    "sequence public.numbers is bigint from 1 to 9223372036854775807, start 1, increment 5, cache 1, and should be bigint from 1 to 9223372036854775807, start 1, increment 1, cache 1",
  ],
  ["SELECT nextval('numbers')"],
  ["ALTER SEQUENCE numbers OWNED BY notes.id", "sequence public.numbers is serving public.notes.id, and should not be"],
  ["ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "table public.notes is not under row level security, and should be"],
  [
    "ALTER POLICY own ON notes USING (rank > 1)",
    "policy public.notes.own is permissive for SELECT to trading_user using (rank > (1)::numeric), and should be permissive for SELECT to trading_user using true",
  ],
  ["DROP RULE keep ON notes", "rule public.notes.keep is missing"],
  ["DROP STATISTICS notes_stats", "statistics public.notes_stats is missing"],
  [
    "ALTER TABLE trades DETACH PARTITION trading_partitions.trades_p05",
    "table trading_partitions.trades_p05 is not partition of public.trades FOR VALUES WITH (modulus 32, remainder 5), and should be",
  ],
  ["DROP TABLE trading_partitions.positions_p00", "table trading_partitions.positions_p00 is missing"],
  [
    "ALTER TABLE trading_partitions.trades_p06 ALTER commission DROP DEFAULT",
    "column trading_partitions.trades_p06.commission is there, but no migration made it: public.amount not null",
  ],
  [
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO trading_user",
    "default privileges of trading_owner on tables in public is granting INSERT, SELECT to trading_user, and should be granting SELECT to trading_user",
  ],
  [
    "CREATE SCHEMA mine CREATE TABLE mine.t (id serial PRIMARY KEY)",
    "schema mine is there, but no migration made it: owned by trading_owner",
  ],
  ["CREATE EXTENSION pg_trgm", "extension pg_trgm is there, but no migration made it: 1.6 in schema public"],
  [
    "CREATE PUBLICATION feed FOR TABLE notes (id, body) WHERE (id > 1), mine.t WITH (publish = 'insert')",
    "publication feed is there, but no migration made it: of mine.t",
  ],
  [
    "ALTER PUBLICATION feed SET (publish = 'insert, update')",
    "publication feed is publishing insert, update, and should be publishing insert",
  ],
  ["ALTER PUBLICATION feed DROP TABLE mine.t", "publication feed is not of mine.t, and should be"],
  ["DROP PUBLICATION feed", "publication feed is missing"],
  [
    'CREATE COLLATION plain FROM "C"',
    "collation public.plain is there, but no migration made it: owned by trading_owner",
  ],
  [
    "CREATE TEXT SEARCH CONFIGURATION words (COPY = pg_catalog.english)",
    "text search configuration public.words is there, but no migration made it: owned by trading_owner",
  ],
  [
    "CREATE OPERATOR === (FUNCTION = int4pl, LEFTARG = integer, RIGHTARG = integer)",
    "operator public.===(integer,integer) is there, but no migration made it: owned by trading_owner",
  ],
  [
    "CREATE CAST (mood AS integer) WITH FUNCTION mood_number(mood)",
    "cast (public.mood AS integer) is there, but no migration made it: by public.mood_number(public.mood)",
  ],
  [
    "DROP TABLE notes CASCADE",
    "materialized view public.note_count is missing",
    "table public.notes is missing",
    "view public.low_notes is missing",
  ],
];

test("each change by hand is told in one sentence, and nothing else with it", async () => {
  await applySchema();
  await owner.query(more);
  let before = await readPostgresCatalog(owner);
  const told: string[][] = [];
  for (const [sql] of changes) {
    await owner.query(sql);
    const after = await readPostgresCatalog(owner);
    told.push([sql, ...driftBetween(before, after)]);
    before = after;
  }
  expect(told).toEqual(changes);
});

test("an index that could not be built is told as INVALID", async () => {
  await owner.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)");
  const expected = await readPostgresCatalog(owner);
  await expect(owner.query("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)")).rejects.toThrow("could not create");
  const found = await readPostgresCatalog(owner);
  expect(found["index public.t_a"]).toBe("CREATE UNIQUE INDEX t_a ON public.t USING btree (a)\nINVALID");
  expect(driftBetween(expected, found)).toHaveLength(1);
});

test("a query that fails leaves no transaction behind", async () => {
  await user.query("SET statement_timeout = 5");
  await readPostgresCatalog(user).catch(() => {});
  await user.query("SET statement_timeout = 0");
  expect(Object.keys(await readPostgresCatalog(user))).toEqual(["schema public"]);
});
