import { expect, test } from "@jest/globals";
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
  [
    "DO $$ BEGIN IF now() > 'today' THEN DROP TABLE t; END IF; END $$",
    [
      "destructive drop-table: t goes with all rows: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-table: reason",
    ],
  ],
  [
    "DO $$ DECLARE t text; BEGIN FOR t IN EXECUTE 'SELECT 1' LOOP EXECUTE format('TRUNCATE %I', t); EXECUTE 'DELETE FROM a'; END LOOP; END $$",
    [
      "destructive truncate: All rows of computed_at_run_time go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow truncate: reason",
      "destructive delete-all: All rows of a go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason",
    ],
  ],
  ...[
    "DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'DELETE FROM t RETURNING *'; MOVE ALL IN c; END $$",
    "DO $$ BEGIN DO $x$ BEGIN DELETE FROM t; END $x$; END $$",
    "DO $$ BEGIN EXECUTE format('DELETE FROM %s', 't'); END $$",
  ].map((text): [string, string[]] => [
    text,
    [
      `destructive delete-all: All rows of ${text.includes("%s") ? "computed_at_run_time" : "t"} go: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow delete-all: reason`,
    ],
  ]),
  [
    "CREATE TABLE t_0 (a int); DO $$ BEGIN EXECUTE format('DROP TABLE t_%s; SELECT %s', i, 1); END $$",
    [
      "destructive drop-table: t_computed_at_run_time goes with all rows: nothing but a backup has them then. If it is meant, state why in the file: -- migrate: allow drop-table: reason",
    ],
  ],
  [
    "DO $$ BEGIN EXECUTE format('ALTER TABLE t ADD COLUMN a int DEFAULT %s CHECK (a %% 2 = 0)', 5); END $$",
    [
      "warning constraint-without-not-valid: t is read whole under a lock to check the constraint. Add it NOT VALID, and VALIDATE it in the next file.",
    ],
  ],
  ["DO $$ BEGIN CREATE TABLE t (a int); PERFORM f(); END $$", []],
  [
    "DO $$ BEGIN CREATE ROLE r; END $$",
    [
      "refused not-in-a-migration: It is a matter of the whole server, not of one database's schema. Run it by hand, or in the set-up.",
    ],
  ],
  ["SELECT set_config('lock_timeout', current_setting('a.b'), true)", []],
  ...[
    "DO $$ BEGIN EXECUTE x; EXECUTE 'DROP ' || y; END $$",
    "DO $$ BEGIN oops; END $$",
    "DO LANGUAGE plperl 'x'",
    "DO $$ BEGIN EXECUTE format(); EXECUTE FROM t; END $$",
    "DO $$ BEGIN CALL tidy(); END $$",
    "DO $$ DECLARE x text; BEGIN x := set_config('search_path', 'audit', true); END $$",
  ].map((text): [string, string[]] => [
    text,
    [
      "warning not-understood: What it destroys, locks or breaks is not known here: try it on a copy of the database first.",
    ],
  ]),
  [
    "CALL tidy()",
    [
      "warning not-understood: What it destroys, locks or breaks is not known here: try it on a copy of the database first.",
    ],
  ],
  [
    "SELECT set_config('lock_timeout', '0', false), set_config('work_mem', '1MB', true)",
    [
      "warning no-timeout: lock_timeout is off from here on, so that it may wait or run without end, and others behind it. Each file begins with lock_timeout 2s and statement_timeout 15min: set what it needs.",
    ],
  ],
  ["SELECT set_config('lock_timeout', '3s', true)", []],
  ["EXPLAIN DELETE FROM t", []],
  ["EXPLAIN (ANALYZE off) DELETE FROM t", []],
  [
    "ALTER TYPE c ALTER ATTRIBUTE x TYPE bigint, ADD ATTRIBUTE y int",
    ["warning change-type: It fails where a column has type c."],
  ],
  ["DROP PUBLICATION p", ["warning drop-object: p goes: no subscriber hears of anything from then on."]],
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
