import { describe, expect, test } from "@jest/globals";
import { lintSql } from "../../../../migrator/postgresql/lint.ts";
import { reviewSql } from "../../../../migrator/postgresql/review.ts";
import { nothingKnown } from "../../../../migrator/postgresql/tables.ts";
import { parseSql } from "../../../../migrator/postgresql/statements.ts";
import { readMigrations } from "../../../../migrator/files.ts";
import { refusal } from "../../../support/migrations.ts";
import type { SourceFile } from "../../../../migrator/types.ts";

const file = (text: string, name = "0001_x.sql"): SourceFile => ({ name, path: name, checksum: "c", text });
const findings = async (text: string) => lintSql(await parseSql(file(text)), nothingKnown());

const golden: [string, string[]][] = [
  [
    "DROP TABLE a, audit.b",
    [
      "destructive drop-table: a and audit.b go with all rows: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-table: reason",
    ],
  ],
  [
    "DROP TABLE a CASCADE",
    [
      "destructive drop-table: a goes with all rows: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-table: reason",
      "destructive cascade: CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself. If it is meant, state why in the file: -- migrate: allow cascade: reason",
    ],
  ],
  [
    "DROP SCHEMA audit",
    [
      "destructive drop-schema: audit goes with all that is in it. If it is meant, state why in the file: -- migrate: allow drop-schema: reason",
    ],
  ],
  [
    "DROP TYPE kind",
    [
      "destructive drop-type: kind goes: columns and functions that have it can't be read any more. If it is meant, state why in the file: -- migrate: allow drop-type: reason",
    ],
  ],
  [
    "DROP DOMAIN amount",
    [
      "destructive drop-type: amount goes: columns and functions that have it can't be read any more. If it is meant, state why in the file: -- migrate: allow drop-type: reason",
    ],
  ],
  [
    "DROP INDEX a_b",
    ["warning drop-index: a_b goes: queries that use it become slow, and what it kept unique may be doubled."],
  ],
  ["DROP VIEW v", ["warning drop-view: v goes: queries that use it fail."]],
  ["DROP FUNCTION f(int)", ["warning drop-function: f(integer) goes: queries that use it fail."]],
  [
    "ALTER TABLE t DROP COLUMN a",
    [
      "destructive drop-column: Column a of t goes with its values: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-column: reason",
    ],
  ],
  [
    "ALTER TABLE t DROP COLUMN a CASCADE",
    [
      "destructive drop-column: Column a of t goes with its values: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-column: reason",
      "destructive cascade: CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself. If it is meant, state why in the file: -- migrate: allow cascade: reason",
    ],
  ],
  [
    "ALTER TABLE t ALTER a TYPE text",
    [
      "destructive change-type: The values of t.a become text: what they were is not known here, so they may lose something or fail, and mostly the table is written anew under a lock. Add a column beside it, fill it, and change over. If it is meant, state why in the file: -- migrate: allow change-type: reason",
    ],
  ],
  [
    "ALTER TABLE t ADD COLUMN a int NOT NULL",
    [
      "destructive not-null-without-default: It fails where t has rows, because they would have no a. Give it a DEFAULT, or add it without NOT NULL, fill it, and forbid nulls then. If it is meant, state why in the file: -- migrate: allow not-null-without-default: reason",
    ],
  ],
  ["ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0", []],
  [
    "ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()",
    ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."],
  ],
  [
    "ALTER TABLE t ADD COLUMN a bigserial",
    ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."],
  ],
  [
    "ALTER TABLE t ADD COLUMN a int DEFAULT 1 REFERENCES o",
    [
      "warning constraint-without-not-valid: t is read whole under a lock to check the constraint. Add it NOT VALID, and VALIDATE it in the next file.",
    ],
  ],
  ["ALTER TABLE t ADD COLUMN a int REFERENCES o", []],
  [
    "ALTER TABLE t ADD COLUMN a int REFERENCES o, ADD COLUMN b int DEFAULT 1",
    [
      "warning constraint-without-not-valid: t is read whole under a lock to check the constraint. Add it NOT VALID, and VALIDATE it in the next file.",
    ],
  ],
  [
    "ALTER TABLE t ALTER a SET NOT NULL",
    [
      "warning set-not-null: t is read whole under a lock that keeps everybody out. Add CHECK (a IS NOT NULL) NOT VALID first; in the next file VALIDATE it, and then this is quick.",
    ],
  ],
  [
    "ALTER TABLE t DROP CONSTRAINT c",
    ["warning drop-constraint: What constraint c kept out of t may come in from then on."],
  ],
  [
    "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
    [
      "warning constraint-without-not-valid: t is read whole under a lock to check c. Add it NOT VALID, and VALIDATE it in the next file.",
    ],
  ],
  ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", []],
  [
    "ALTER TABLE t ADD UNIQUE (a)",
    [
      "warning unique-constraint: Nobody can use t while the index of the constraint is built, and it fails where there are duplicates. Build a unique index CONCURRENTLY first, and add the constraint USING INDEX.",
    ],
  ],
  ["ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i", []],
  [
    "ALTER TABLE t RENAME COLUMN a TO b",
    [
      "destructive rename: What runs now and uses a fails from then on, because it is called b. Add the new one beside the old, change what uses it, then drop the old one. If it is meant, state why in the file: -- migrate: allow rename: reason",
    ],
  ],
  [
    "ALTER TABLE t RENAME TO u",
    [
      "destructive rename: What runs now and uses t fails from then on, because it is called u. Add the new one beside the old, change what uses it, then drop the old one. If it is meant, state why in the file: -- migrate: allow rename: reason",
    ],
  ],
  [
    "CREATE INDEX t_a ON t (a)",
    [
      "warning index-without-concurrently: Writes to t wait while t_a is built. Build it CONCURRENTLY, in a file of its own that begins with `-- migrate: no-transaction`; where the table is partitioned, ON ONLY it here, and CONCURRENTLY on each partition.",
    ],
  ],
  [
    "TRUNCATE t",
    [
      "destructive truncate: All rows of t go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow truncate: reason",
    ],
  ],
  [
    "TRUNCATE t CASCADE",
    [
      "destructive truncate: All rows of t go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow truncate: reason",
      "destructive cascade: CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself. If it is meant, state why in the file: -- migrate: allow cascade: reason",
    ],
  ],
  [
    "DELETE FROM t",
    [
      "destructive delete-all: All rows of t go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  ["DELETE FROM t WHERE a = 1", []],
  [
    "UPDATE t SET a = 1",
    ["warning update-all: Every row of t is written anew, also those that need it not. Say in WHERE which do."],
  ],
  [
    "SET lock_timeout = 0",
    [
      "warning no-timeout: lock_timeout is off from here on, so that it may wait or run without end, and others behind it. Each file begins with lock_timeout 2s and statement_timeout 15min: set what it needs.",
    ],
  ],
  [
    "SET LOCAL statement_timeout = '0'",
    [
      "warning no-timeout: statement_timeout is off from here on, so that it may wait or run without end, and others behind it. Each file begins with lock_timeout 2s and statement_timeout 15min: set what it needs.",
    ],
  ],
  ["SET lock_timeout = '5s'", []],
  // They bring back what the session began with.
  ["RESET statement_timeout", []],
  ["SET lock_timeout TO DEFAULT", []],
  ["RESET ALL", []],
  [
    "CREATE INDEX CONCURRENTLY t_a ON t (a)",
    [
      "refused concurrently-in-transaction: PostgreSQL refuses it inside a transaction. Put it into a file of its own that begins with `-- migrate: no-transaction`.",
    ],
  ],
  [
    "VACUUM t",
    [
      "refused concurrently-in-transaction: PostgreSQL refuses it inside a transaction. Put it into a file of its own that begins with `-- migrate: no-transaction`.",
    ],
  ],
  [
    "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
    [
      "refused concurrently-in-transaction: PostgreSQL refuses it inside a transaction. Put it into a file of its own that begins with `-- migrate: no-transaction`.",
      "warning detach-partition: Queries of t no longer find the rows of p.",
    ],
  ],
  [
    "CREATE DATABASE d",
    [
      "refused not-in-a-migration: It is a matter of the whole server, not of one database's schema. Run it by hand, or in the set-up.",
    ],
  ],
  ["-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY t_a ON t (a)", []],
  [
    "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY ON t (a)",
    ["refused index-without-name: What a killed run leaves of an index is found by its name. Give it one."],
  ],
  [
    "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)",
    [
      "refused index-if-not-exists: IF NOT EXISTS takes an INVALID index for a good one. Leave it out: the ledger knows what is done.",
    ],
  ],
  [
    "-- migrate: no-transaction\nVACUUM (FULL) t",
    ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."],
  ],
  [
    "-- migrate: no-transaction\nCLUSTER",
    ["warning rewrite-table: every table is written anew, and nobody can read it meanwhile."],
  ],
  [
    "DROP OWNED BY x CASCADE",
    [
      "destructive drop-owned: All that x owns here goes, tables with their rows: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-owned: reason",
      "destructive cascade: CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself. If it is meant, state why in the file: -- migrate: allow cascade: reason",
    ],
  ],
  [
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    [
      "destructive delete-all: All rows of t go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  ["WITH d AS (DELETE FROM t WHERE a = 1 RETURNING *) SELECT * FROM d", []],
  // As DELETE FROM t USING s WHERE t.a = s.a.
  ["MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", []],
  ["MERGE INTO t USING s ON true WHEN MATCHED AND t.a > s.a THEN DELETE", []],
  ["MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE AND t.b < 1 THEN DELETE", []],
  [
    "MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE AND true THEN DELETE",
    [
      "destructive delete-all: The rows of t that MERGE comes upon go, which may be all: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  [
    "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
    [
      "destructive delete-all: The rows of t that MERGE comes upon go, which may be all: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  [
    "DELETE FROM t WHERE 1 = 1",
    [
      "destructive delete-all: All rows of t go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  [
    "EXPLAIN ANALYZE DELETE FROM t",
    [
      "destructive delete-all: All rows of t go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  ["EXPLAIN DELETE FROM t", []],
  ["EXPLAIN (ANALYZE off) DELETE FROM t", []],
  [
    "ALTER TYPE c ALTER ATTRIBUTE x TYPE bigint, ADD ATTRIBUTE y int",
    ["warning change-type: It fails where a column has type c."],
  ],
  ["CREATE TYPE c AS (x int); ALTER TYPE c DROP ATTRIBUTE x", []],
  ["DROP PUBLICATION p", ["warning drop-object: p goes: its subscribers no longer hear of anything."]],
  ["CREATE PUBLICATION p FOR TABLE t; ALTER PUBLICATION p ADD TABLE u", []],
  ["ALTER PUBLICATION p DROP TABLE t, u", ["warning drop-object: Subscribers of p no longer hear of t and u."]],
  ["ALTER PUBLICATION p SET TABLE t", ["warning drop-object: Subscribers of p no longer hear of anything but t."]],
  [
    "ALTER TYPE c DROP ATTRIBUTE x",
    [
      "destructive drop-column: Field x goes with its values in each column of type c: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-column: reason",
    ],
  ],
  [
    "ALTER DOMAIN d DROP CONSTRAINT c CASCADE",
    [
      "warning drop-constraint: What constraint c kept out of domain d may come in from then on.",
      "destructive cascade: CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself. If it is meant, state why in the file: -- migrate: allow cascade: reason",
    ],
  ],
  ["DROP AGGREGATE a(int)", ["warning drop-function: a(integer) goes: queries that use it fail."]],
  [
    "DROP EXTENSION e",
    [
      "destructive drop-object: e goes with its types and functions: queries that use them fail. If it is meant, state why in the file: -- migrate: allow drop-object: reason",
    ],
  ],
  [
    "DROP SEQUENCE s",
    [
      "destructive drop-object: s goes with the number that it had come to. If it is meant, state why in the file: -- migrate: allow drop-object: reason",
    ],
  ],
  ["DROP FOREIGN TABLE f", ["warning drop-view: f goes: queries that use it fail."]],
  ["DROP TRIGGER g ON t", ["warning drop-guard: t.g goes: what it saw to no longer happens."]],
  [
    "DROP COLLATION c CASCADE",
    [
      "warning drop-object: c goes: queries that use it fail.",
      "destructive cascade: CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself. If it is meant, state why in the file: -- migrate: allow cascade: reason",
    ],
  ],
  ["ALTER TABLE t DETACH PARTITION p", ["warning detach-partition: Queries of t no longer find the rows of p."]],
  ["ALTER TABLE t NO INHERIT p", ["warning detach-partition: Queries of p no longer find the rows of t."]],
  [
    "ALTER TABLE t SET SCHEMA s",
    [
      "destructive rename: What runs now and uses t fails from then on, because it is in schema s. Add the new one beside the old, change what uses it, then drop the old one. If it is meant, state why in the file: -- migrate: allow rename: reason",
    ],
  ],
  [
    "ALTER SCHEMA s RENAME TO t",
    [
      "destructive rename: What runs now and uses s fails from then on, because it is called t. Add the new one beside the old, change what uses it, then drop the old one. If it is meant, state why in the file: -- migrate: allow rename: reason",
    ],
  ],
  [
    "ALTER FUNCTION f(int) RENAME TO g",
    [
      "destructive rename: What runs now and uses f(integer) fails from then on, because it is called g. Add the new one beside the old, change what uses it, then drop the old one. If it is meant, state why in the file: -- migrate: allow rename: reason",
    ],
  ],
  [
    "ALTER TYPE k RENAME VALUE 'a' TO 'b'",
    [
      "destructive rename: What runs now and uses 'a' fails from then on, because it is called 'b'. Add the new one beside the old, change what uses it, then drop the old one. If it is meant, state why in the file: -- migrate: allow rename: reason",
    ],
  ],
  ["ALTER INDEX i RENAME TO j", []],
  [
    "ALTER TABLE t DISABLE TRIGGER ALL",
    ["warning drop-guard: What every trigger, and every foreign key, of t saw to no longer happens."],
  ],
  [
    "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
    ["warning drop-guard: What row level security of t saw to no longer happens."],
  ],
  [
    "SECURITY LABEL ON TABLE t IS 'x'",
    [
      "warning not-understood: What it destroys, locks or breaks is not known here: try it on a copy of the database first.",
    ],
  ],
  ["CREATE RULE r AS ON DELETE TO t DO INSTEAD DELETE FROM u", []],
  ["CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM t; END", []],
  [
    "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b + 1) STORED",
    ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."],
  ],
  [
    "ALTER TABLE t ADD COLUMN a text DEFAULT 'a' || pg_catalog.random()::text",
    ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."],
  ],
  ["ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now()", []],
  [
    "ALTER TABLE t ADD COLUMN a int DEFAULT NULL::int NOT NULL",
    [
      "destructive not-null-without-default: It fails where t has rows, because they would have no a. Give it a DEFAULT, or add it without NOT NULL, fill it, and forbid nulls then. If it is meant, state why in the file: -- migrate: allow not-null-without-default: reason",
    ],
  ],
  ["ALTER TABLE t SET UNLOGGED", ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."]],
  ["ALTER TABLE t SET TABLESPACE x", ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."]],
  [
    "ALTER TABLE t SET ACCESS METHOD heap",
    ["warning rewrite-table: t is written anew, and nobody can read it meanwhile."],
  ],
  [
    "ALTER TABLE t ADD EXCLUDE USING gist (a WITH &&)",
    [
      "warning unique-constraint: Nobody can use t while the index of the constraint is built, and it fails where rows exclude each other.",
    ],
  ],
  [
    "ALTER TABLE t ATTACH PARTITION p DEFAULT",
    [
      "warning constraint-without-not-valid: p is read whole under a lock to check that its rows belong into this part of t. Add a CHECK that says so NOT VALID first; in the next file VALIDATE it, and then this is quick.",
    ],
  ],
  ["ALTER TABLE p VALIDATE CONSTRAINT c; ALTER TABLE t ATTACH PARTITION p DEFAULT", []],
  ["CREATE TABLE p (a int); ALTER TABLE t ATTACH PARTITION p DEFAULT", []],
  ["ALTER INDEX t_a ATTACH PARTITION p_a", []],
  ["ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL", []],
  ["CREATE INDEX t_a ON ONLY t (a)", []],
  [
    "REINDEX TABLE t",
    [
      "warning index-without-concurrently: Writes wait while t is built anew, and so do queries that would use it. Say CONCURRENTLY, in a file of its own that begins with `-- migrate: no-transaction`.",
    ],
  ],
  [
    "-- migrate: no-transaction\nREINDEX (CONCURRENTLY FALSE) SCHEMA s",
    [
      "warning index-without-concurrently: Writes wait while each index of s is built anew, and so do queries that would use it. Say CONCURRENTLY, in a file of its own that begins with `-- migrate: no-transaction`.",
    ],
  ],
  ["-- migrate: no-transaction\nVACUUM (FULL false) t", []],
  ["-- migrate: no-transaction\nREINDEX (CONCURRENTLY off, CONCURRENTLY) TABLE t", []],
  ["REFRESH MATERIALIZED VIEW m", ["warning rewrite-table: m is written anew, and nobody can read it meanwhile."]],
  ["REFRESH MATERIALIZED VIEW CONCURRENTLY m", []],
  [
    "SET lock_timeout = '10min'",
    [
      "warning no-timeout: lock_timeout is 10min from here on, and who comes to the table after this waits as long. Leave it short: what does not get its lock is tried again.",
    ],
  ],
  [
    "SET lock_timeout = 30000",
    [
      "warning no-timeout: lock_timeout is 30000 from here on, and who comes to the table after this waits as long. Leave it short: what does not get its lock is tried again.",
    ],
  ],
  ["SET statement_timeout = '2h'", []],
];

test.each(golden)("%s", async (text, expected) => {
  const found = await findings(text);
  expect(found.map(({ rule, severity, message }) => `${severity} ${rule}: ${message}`)).toEqual(expected);
});

describe("a table that has no rows yet", () => {
  const harmless = [
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN a int NOT NULL",
    "ALTER TABLE t ALTER a TYPE text",
    "ALTER TABLE t ALTER a SET NOT NULL",
    "CREATE INDEX t_a ON t (a)",
    "DELETE FROM t",
    "TRUNCATE t",
    "UPDATE t SET a = 1",
    "ALTER TABLE t RENAME TO u",
  ];

  test.each(harmless)("is in no danger from %s", async (text) => {
    expect(await findings(`CREATE TABLE public.t (a int);\n${text}`)).toEqual([]);
  });

  test("may have rows where it is made IF NOT EXISTS", async () => {
    const found = await findings("CREATE TABLE IF NOT EXISTS t (a int);\nDROP TABLE t;");
    expect(found.map(({ rule }) => rule)).toEqual(["drop-table"]);
  });

  const filled = [
    ["a temporary one is made", "CREATE TEMP TABLE t (a int)"],
    ["it is made from a query", "CREATE TABLE t AS SELECT * FROM trades"],
    ["a query makes it", "SELECT * INTO t FROM trades"],
    ["another search path may have it", "SET search_path = audit; CREATE TABLE t (a int)"],
    ["another search path comes first", "SET search_path = audit, public; CREATE TABLE t (a int)"],
    ["temporary ones come last", "SET search_path = public, pg_temp; CREATE TABLE t (a int)"],
    ["a query sets what is not known", "SELECT set_config(name, value, false) FROM s; CREATE TABLE t (a int)"],
    ["a query sets the search path", "SELECT set_config('search_path', 'audit', false); CREATE TABLE t (a int)"],
    ["rows are inserted", "CREATE TABLE t (a int); INSERT INTO t VALUES (1)"],
    ["rows are moved to it", "CREATE TABLE t (a int); WITH m AS (INSERT INTO t SELECT 1) SELECT 1"],
    ["rows are merged", "CREATE TABLE t (a int); MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT VALUES (1)"],
    [
      "a table with rows is attached",
      "CREATE TABLE t (a int) PARTITION BY LIST (a); ALTER TABLE t ATTACH PARTITION p DEFAULT",
    ],
    ["it is attached", "CREATE TABLE t (a int); ALTER TABLE all_of_it ATTACH PARTITION t DEFAULT"],
    ["a table with rows is made its child", "CREATE TABLE t (a int); ALTER TABLE trades INHERIT t"],
    ["another has its name then", "CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; ALTER TABLE trades RENAME TO t"],
    [
      "another comes to its place",
      "CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA audit; ALTER TABLE old.t SET SCHEMA public",
    ],
    ["it is dropped, and made from a query", "CREATE TABLE t (a int); DROP TABLE t; CREATE TABLE t AS SELECT 1 AS a"],
    [
      "its whole gets rows",
      "CREATE TABLE w (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF w DEFAULT; INSERT INTO w VALUES (1)",
    ],
    ["its part gets rows", "CREATE TABLE t (a int); CREATE TABLE c () INHERITS (t); INSERT INTO c VALUES (1)"],
    ["its whole was there before", "CREATE TABLE t PARTITION OF trades DEFAULT"],
    ["its schema may be another", "CREATE TABLE t (a int); ALTER SCHEMA public RENAME TO old"],
  ];

  test.each(filled)("is one that may have rows when %s", async (_, text) => {
    const files = [file(text), file("DELETE FROM public.t", "0002_y.sql")];
    expect((await reviewSql(files))[1]!.findings.map(({ rule }) => rule)).toEqual(["delete-all"]);
  });

  const usual = [
    "SET search_path = public",
    "SET LOCAL search_path TO public, pg_catalog",
    "SET search_path = ''",
    "RESET search_path",
    "SELECT pg_catalog.set_config('search_path', '', false)",
    "SELECT set_config('search_path', 'public, pg_catalog', true)",
    "SELECT set_config('lock_timeout', '1s', true)",
    "SELECT 'search_path' AS a",
  ];

  test.each(usual)("stays one after %s", async (text) => {
    const files = [file(`${text}; CREATE TABLE public.t (a int)`), file("DELETE FROM t", "0002_y.sql")];
    expect((await reviewSql(files))[1]!.findings).toEqual([]);
  });

  test("stays one when a statement is about another", async () => {
    const parts = "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT;";
    expect(await findings(`${parts} INSERT INTO u VALUES (1); DROP TABLE p; DROP TABLE t;`)).toEqual([]);
  });

  test("was made by any file that is still pending, and by no file that is applied", async () => {
    const files = [
      file("CREATE TABLE t (a int)"),
      file("CREATE INDEX t_a ON t (a); CREATE INDEX u_a ON u (a)", "0002_y.sql"),
    ];
    const [, second] = await reviewSql(files);
    expect(second!.findings.map(({ message }) => message.slice(0, 29))).toEqual(["Writes to u wait while u_a is"]);
  });
});

describe("a trigger, a policy or a rule that is dropped", () => {
  const trigger = "CREATE TRIGGER g BEFORE INSERT ON public.t EXECUTE FUNCTION f()";

  test.each([
    `DROP TRIGGER IF EXISTS g ON t; ${trigger}`,
    "DROP POLICY g ON public.t; SELECT 1; CREATE POLICY g ON t",
    "DROP RULE g ON t; CREATE RULE g AS ON DELETE TO t DO INSTEAD NOTHING",
  ])("is not missed where the file makes it again: %s", async (text) => {
    expect(await findings(text)).toEqual([]);
  });

  test.each([
    `${trigger}; DROP TRIGGER g ON t`,
    `DROP TRIGGER g ON u; ${trigger}`,
    `DROP TRIGGER h ON t; ${trigger}`,
    `DROP POLICY g ON t; ${trigger}`,
    `-- migrate: no-transaction\nDROP TRIGGER g ON t; ${trigger}`,
  ])("is missed: %s", async (text) => {
    expect((await findings(text)).map(({ rule }) => rule)).toEqual(["drop-guard"]);
  });
});

describe("of a type or a sequence that pending files make", () => {
  const made = [
    ["CREATE TYPE public.k AS ENUM ('a')", "ALTER TYPE k RENAME VALUE 'a' TO 'b'; DROP TYPE k"],
    ["CREATE TYPE k AS (a int)", "DROP TYPE public.k"],
    ["CREATE TYPE k AS RANGE (subtype = int)", "DROP TYPE k"],
    ["CREATE DOMAIN k AS int", "DROP DOMAIN k"],
    ["CREATE SEQUENCE k", "DROP SEQUENCE k"],
  ];

  test.each(made)("nothing is said: %s, and %s", async (first, second) => {
    const reviews = await reviewSql([file(first), file(second, "0002_y.sql")]);
    expect(reviews.flatMap(({ findings }) => findings)).toEqual([]);
  });

  const others: [string, string[]][] = [
    ["CREATE SEQUENCE IF NOT EXISTS k; DROP SEQUENCE k", ["drop-object"]],
    ["CREATE TEMP SEQUENCE k; DROP SEQUENCE public.k", ["drop-object"]],
    ["CREATE TYPE k AS (a int); DROP TYPE k CASCADE", ["cascade"]],
    ["CREATE TYPE k AS (a int); DROP TYPE k; DROP TYPE k", ["drop-type"]],
    ["CREATE TYPE k AS (a int); DROP TYPE k, l", ["drop-type"]],
    ["CREATE TYPE k AS (a int); ALTER TYPE k SET SCHEMA s; DROP TYPE k", ["rename", "drop-type"]],
    ["CREATE TYPE s.k AS (a int); DROP SCHEMA s; DROP TYPE s.k", ["drop-schema", "drop-type"]],
    ["CREATE DOMAIN k AS int; DROP FUNCTION k", ["drop-function"]],
  ];

  test.each(others)("what is dangerous is told: %s", async (text, rules) => {
    expect((await findings(text)).map(({ rule }) => rule)).toEqual(rules);
  });
});

describe("of a table that the file itself makes and fills", () => {
  const own = [
    "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); DROP TABLE t;",
    "CREATE TABLE t AS SELECT 1 AS a; UPDATE u SET a = t.a FROM t WHERE u.b = t.b; DROP TABLE t;",
    "CREATE TEMP TABLE t AS SELECT 1 AS a; DELETE FROM t; TRUNCATE t;",
    "SELECT 1 AS a INTO t; UPDATE t SET a = 2; MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE;",
    "CREATE TABLE t (a int); INSERT INTO public.t VALUES (1); CREATE INDEX t_a ON t (a); ALTER TABLE public.t ADD PRIMARY KEY (a);",
    "CREATE TABLE audit.t (a int); INSERT INTO audit.t VALUES (1); ALTER TABLE audit.t ALTER a SET NOT NULL, ADD FOREIGN KEY (a) REFERENCES u;",
    "CREATE MATERIALIZED VIEW t AS SELECT 1 AS a; CREATE UNIQUE INDEX t_a ON t (a); REFRESH MATERIALIZED VIEW t; DROP MATERIALIZED VIEW t;",
    "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p (a int); ALTER TABLE t ATTACH PARTITION p DEFAULT; CREATE INDEX t_a ON t (a);",
    "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t RENAME TO u;",
  ];

  test.each(own)("nothing is said: %s", async (text) => {
    expect(await findings(text)).toEqual([]);
  });

  const others: [string, string, string[]][] = [
    ["a temporary one hides another", "CREATE TEMP TABLE t (a int); DROP TABLE public.t", ["drop-table"]],
    ["it is dropped", "CREATE TEMP TABLE t (a int); DROP TABLE t; DELETE FROM t", ["delete-all"]],
    ["it has another schema", "CREATE TABLE audit.t (a int); DELETE FROM t", ["delete-all"]],
    ["it may be there", "CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a; DELETE FROM t", ["delete-all"]],
    ["it is a view", "CREATE VIEW t AS SELECT * FROM u; DELETE FROM t", ["delete-all"]],
    [
      "rows are moved to it",
      "CREATE TABLE t (a int); WITH m AS (DELETE FROM u RETURNING *) INSERT INTO t SELECT * FROM m",
      ["delete-all"],
    ],
    [
      "another is a part of it",
      "CREATE TABLE t (a int) PARTITION BY LIST (a); ALTER TABLE t ATTACH PARTITION u DEFAULT; DROP TABLE t",
      ["constraint-without-not-valid", "drop-table"],
    ],
    ["another is its child", "CREATE TABLE t (a int); ALTER TABLE u INHERIT t; DELETE FROM t", ["delete-all"]],
    [
      "its schema is another then",
      "CREATE TABLE s.t AS SELECT 1; ALTER SCHEMA s RENAME TO r; DELETE FROM s.t",
      ["rename", "delete-all"],
    ],
    [
      "it is kept at once",
      "-- migrate: no-transaction\nCREATE TABLE t AS SELECT 1 AS a; DELETE FROM t",
      ["delete-all"],
    ],
    [
      "another has its name then",
      "CREATE MATERIALIZED VIEW t AS SELECT 1; ALTER MATERIALIZED VIEW t RENAME TO v; ALTER TABLE u RENAME TO t; DROP TABLE t",
      ["rename", "drop-table"],
    ],
    [
      "its rows have no value",
      "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t ADD b int NOT NULL",
      ["not-null-without-default"],
    ],
    [
      "others are emptied as well",
      "CREATE TABLE t (a int); TRUNCATE t, u; TRUNCATE t CASCADE",
      ["truncate", "cascade"],
    ],
  ];

  test.each(others)("what is dangerous is told when %s", async (_, text, rules) => {
    expect((await findings(text)).map(({ rule }) => rule)).toEqual(rules);
  });
});

test("a reason that the file states is told with the finding, which then stops nothing", async () => {
  const text = "-- migrate: allow drop-table: nobody reads it\nDROP TABLE t;\nDROP TABLE u CASCADE;";
  expect((await findings(text)).map(({ rule, place, allowed }) => [rule, place, allowed])).toEqual([
    ["drop-table", "line 2", "nobody reads it"],
    ["drop-table", "line 3", "nobody reads it"],
    ["cascade", "line 3", undefined],
  ]);
});

test("a reason that no statement needs is told, unless only the files before it make it needless", async () => {
  const allow = "-- migrate: allow drop-table: nobody reads it\n";
  expect(await findings(`${allow}DROP VIEW v`)).toEqual([
    expect.objectContaining({ rule: "drop-view" }),
    {
      rule: "drop-table",
      severity: "warning",
      place: "directive",
      message:
        "No statement of the file needs it to be allowed: take the line out, before one does that was not meant.",
    },
  ]);
  expect(await findings(`${allow}CREATE TABLE t (a int); DROP TABLE t`)).toEqual([]);
});

test.each(["down", "verify"])("a %s file that can't be read is told before anything is applied", async (purpose) => {
  const companion = file("SELCT 1;", `0001_x.${purpose}.sql`);
  expect(await refusal(reviewSql([{ ...file("SELECT 1"), [purpose]: companion }]))).toBe(
    `0001_x.${purpose}.sql line 1: syntax error at or near "SELCT". Nothing was applied. Mend the file, and run \`pulumi up\` again.`,
  );
});

test("nothing stops our own migrations, and nothing is said of them where they are installed first", async () => {
  const files = readMigrations("postgresql", "schema/postgresql/migrations");
  expect((await reviewSql(files)).flatMap(({ findings }) => findings)).toEqual([]);
  // A way back runs on request alone, and has a guard of its own.
  const backs = await reviewSql(files.map(({ down }) => down!));
  expect(backs.flatMap(({ findings }) => findings).filter(({ severity }) => severity === "refused")).toEqual([]);
});
