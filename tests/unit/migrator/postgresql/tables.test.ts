import { describe, expect, test } from "@jest/globals";
import { lintSql } from "../../../../migrator/postgresql/lint.ts";
import { reviewSql } from "../../../../migrator/postgresql/review.ts";
import { nothingKnown } from "../../../../migrator/postgresql/tables.ts";
import { parseSql } from "../../../../migrator/postgresql/statements.ts";
import type { SourceFile } from "../../../../migrator/types.ts";

const file = (text: string, name = "0001_x.sql"): SourceFile => ({ name, path: name, checksum: "c", text });
const findings = async (text: string) => lintSql(await parseSql(file(text)), nothingKnown());

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
    ["a block puts rows into it", "CREATE TABLE t (a int); DO $$ BEGIN INSERT INTO t VALUES (1); END $$"],
    [
      "a block fills a table of which nobody knows the name",
      "CREATE TABLE t (a int); DO $$ BEGIN EXECUTE format('INSERT INTO %I VALUES (1)', n); END $$",
    ],
    ["a block does what nobody knows", "CREATE TABLE t (a int); DO $$ BEGIN EXECUTE q; END $$"],
    [
      "a block fills it before",
      "CREATE TABLE t (a int); DO $$ BEGIN FOR i IN 1..2 LOOP DELETE FROM o WHERE a > 0; INSERT INTO t VALUES (1); END LOOP; END $$",
    ],
    ["a block calls what nobody knows", "CREATE TABLE t (a int); DO $$ BEGIN CALL fill(); END $$"],
    [
      "a block makes a part of it, which gets rows",
      "CREATE TABLE t (a int) PARTITION BY LIST (a); DO $$ BEGIN CREATE TABLE p PARTITION OF t DEFAULT; END $$; INSERT INTO p VALUES (1)",
    ],
    [
      "it may have a part already",
      "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE IF NOT EXISTS p PARTITION OF t DEFAULT; INSERT INTO p VALUES (1)",
    ],
    [
      "what names mean is set within another statement",
      "INSERT INTO o SELECT set_config('search_path', 'audit', true); CREATE TABLE t (a int)",
    ],
    ["a block made it", "DO $$ BEGIN CREATE TABLE IF NOT EXISTS t (a int); CREATE TABLE t (a int); END $$"],
    ["a procedure runs", "CREATE TABLE t (a int); CALL fill()"],
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
