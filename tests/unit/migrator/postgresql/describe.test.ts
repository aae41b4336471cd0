import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { describeScript, describeSql } from "../../../../migrator/postgresql/describe.ts";
import { parseSql } from "../../../../migrator/postgresql/statements.ts";
import { readMigrations } from "../../../../migrator/files.ts";

const parse = async (text: string) =>
  (await parseSql({ name: "0001_x.sql", path: "0001_x.sql", checksum: "", text })).statements;

const golden: [string, string][] = [
  ["CREATE TABLE t (a int, b text NOT NULL)", "creates table t with 2 columns"],
  ["CREATE TABLE IF NOT EXISTS audit.t (LIKE trades)", "creates table audit.t like trades"],
  [
    "CREATE UNLOGGED TABLE t (a int) PARTITION BY RANGE (a)",
    "creates unlogged table t with 1 column, partitioned by ranges of a",
  ],
  ["CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (2)", "creates table p as a partition of t"],
  ["CREATE TABLE t AS SELECT 1", "creates table t from a query"],
  ["ALTER TABLE t ADD COLUMN note text NOT NULL DEFAULT ''", "adds column note (text, not null, default '') to t"],
  [
    "ALTER TABLE t ADD COLUMN at timestamptz DEFAULT now(), ADD COLUMN run bigint REFERENCES runs",
    "adds column at (timestamptz, default now()) to t, adds column run (bigint, references runs) to t",
  ],
  ["ALTER TABLE t DROP COLUMN a CASCADE", "drops column a of t and what depends on it"],
  [
    "ALTER TABLE t ALTER COLUMN price TYPE numeric(20, 8) USING price::numeric",
    "changes the type of column price of t to numeric(20,8)",
  ],
  [
    "ALTER TABLE t ALTER a SET DEFAULT 5, ALTER b DROP DEFAULT",
    "sets the default of column a of t to 5, drops the default of column b of t",
  ],
  [
    "ALTER TABLE t ALTER a SET NOT NULL, ALTER b DROP NOT NULL",
    "forbids nulls in column a of t, allows nulls in column b of t",
  ],
  [
    "ALTER TABLE t ADD CONSTRAINT t_run FOREIGN KEY (run_id) REFERENCES simulation_runs (run_id) NOT VALID",
    "adds foreign key t_run from run_id to simulation_runs on t, not validated",
  ],
  ["ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)", "adds check positive on t"],
  ["ALTER TABLE t ADD CONSTRAINT once UNIQUE (a, b)", "adds unique constraint once of a and b on t"],
  ["ALTER TABLE t ADD PRIMARY KEY USING INDEX t_new", "adds primary key by index t_new on t"],
  ["ALTER TABLE t VALIDATE CONSTRAINT t_run", "validates constraint t_run of t"],
  ["ALTER TABLE t DROP CONSTRAINT positive", "drops constraint positive of t"],
  ["ALTER TABLE t OWNER TO trading_owner", "gives table t to trading_owner"],
  ["ALTER TABLE t ATTACH PARTITION p FOR VALUES WITH (MODULUS 4, REMAINDER 1)", "attaches p to t as a partition"],
  ["ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "detaches partition p from t concurrently"],
  ["ALTER TABLE t ENABLE ROW LEVEL SECURITY", "switches row level security on for t"],
  ["ALTER TABLE t DISABLE TRIGGER guard", "switches trigger guard of t off"],
  ["ALTER TABLE t SET (fillfactor = 70)", "sets fillfactor of table t"],
  ["CREATE INDEX ON t (a)", "creates index on t (a)"],
  [
    "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a, lower(b)) WHERE a > 1",
    "creates unique index t_a on t (a, an expression) for some rows concurrently",
  ],
  ["CREATE INDEX t_b ON audit.t USING gin (b)", "creates index t_b on audit.t (b) by gin"],
  ["DROP INDEX CONCURRENTLY t_a", "drops index t_a concurrently"],
  ["DROP TABLE IF EXISTS a, audit.b CASCADE", "drops table a and table audit.b if there and what depends on it"],
  ["DROP FUNCTION f(int, text[])", "drops function f(integer, text[])"],
  ["DROP TRIGGER guard ON t", "drops trigger guard of t"],
  ["DROP SCHEMA audit", "drops schema audit"],
  ["DROP TYPE kind", "drops type kind"],
  ["ALTER TABLE t RENAME COLUMN a TO b", "renames column a of t to b"],
  ["ALTER TABLE t RENAME TO u", "renames table t to u"],
  ["ALTER TABLE t RENAME CONSTRAINT a TO b", "renames constraint a of t to b"],
  ["ALTER INDEX i RENAME TO j", "renames index i to j"],
  ["CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "creates or replaces view v"],
  ["CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "creates materialized view m from a query"],
  ["REFRESH MATERIALIZED VIEW CONCURRENTLY m", "refreshes materialized view m concurrently"],
  ["CREATE FUNCTION f(a int, OUT b text) LANGUAGE sql AS 'SELECT 1'", "creates function f(integer)"],
  [
    "CREATE OR REPLACE PROCEDURE p(a numeric(20, 8)) LANGUAGE sql AS 'SELECT 1'",
    "creates or replaces procedure p(numeric(20,8))",
  ],
  ["CALL p(1)", "calls procedure p"],
  ["DO $$ BEGIN NULL; END $$", "runs an anonymous code block"],
  [
    "CREATE TRIGGER guard BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    "creates trigger guard on t that runs f",
  ],
  ["CREATE POLICY own ON t FOR SELECT USING (true)", "creates policy own on t for select"],
  ["CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "creates rule r on t"],
  ["CREATE DOMAIN amount AS numeric(24, 8) CHECK (VALUE <> 'NaN')", "creates domain amount as numeric(24,8)"],
  [
    "ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID",
    "adds check positive on domain amount, not validated",
  ],
  ["CREATE TYPE kind AS ENUM ('a', 'b')", "creates enum kind with 2 values"],
  ["ALTER TYPE kind ADD VALUE 'c'", "adds value 'c' to enum kind"],
  ["CREATE TYPE pair AS (a int, b int)", "creates type pair with 2 fields"],
  ["CREATE SEQUENCE s", "creates sequence s"],
  ["ALTER SEQUENCE s INCREMENT BY 2", "sets increment of sequence s"],
  ["CREATE SCHEMA audit", "creates schema audit"],
  ["CREATE EXTENSION pgcrypto", "creates extension pgcrypto"],
  ["CREATE STATISTICS st (dependencies) ON a, b FROM t", "creates statistics st on t"],
  ["COMMENT ON COLUMN t.a IS 'x'", "comments on column t.a"],
  ["COMMENT ON TABLE t IS NULL", "removes the comment on table t"],
  ["COMMENT ON CONSTRAINT positive ON t IS 'x'", "comments on constraint positive of t"],
  [
    "GRANT SELECT, UPDATE (a) ON t TO trading_user, PUBLIC",
    "grants SELECT and UPDATE (a) on t to trading_user and PUBLIC",
  ],
  ["REVOKE ALL ON FUNCTION f(int) FROM PUBLIC", "revokes all on function f(integer) from PUBLIC"],
  ["GRANT trading_owner TO trading_migrator", "grants role trading_owner to trading_migrator"],
  [
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO trading_readonly",
    "grants SELECT on future tables in schema public to trading_readonly",
  ],
  ["ALTER FUNCTION f(int) OWNER TO trading_owner", "gives function f(integer) to trading_owner"],
  ["ALTER TABLE t SET SCHEMA audit", "moves table t to schema audit"],
  ["INSERT INTO t VALUES (1)", "inserts rows into t"],
  ["UPDATE t SET a = 1", "updates all rows of t"],
  ["UPDATE t SET a = 1 WHERE b = 'x'", "updates rows of t"],
  ["DELETE FROM t", "deletes all rows of t"],
  ["TRUNCATE a, b CASCADE", "empties a and b and what refers to it"],
  ["SELECT setval('s', 1)", "runs a query"],
  ["LOCK TABLE t", "locks t"],
  ["SET lock_timeout = '5s'", "sets lock_timeout to '5s'"],
  ["SET LOCAL statement_timeout = 0", "sets statement_timeout to 0"],
  ["RESET lock_timeout", "resets lock_timeout"],
  ["VACUUM (FULL) t", "vacuums t in full"],
  ["ANALYZE t", "analyses t"],
  ["REINDEX INDEX CONCURRENTLY i", "builds i anew concurrently"],
  ["CLUSTER t USING i", "clusters t by index i"],
  ["MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "merges rows into t"],
  ["CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int)", "creates aggregate total"],
  ["SECURITY LABEL ON TABLE t IS 'secret'", "is not understood here: SECURITY LABEL ON TABLE t IS 'secret'"],
  ["CREATE FOREIGN DATA WRAPPER w", "is not understood here: CREATE FOREIGN DATA WRAPPER w"],
  ["WITH d AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM d", "inserts rows into u, deletes all rows of t"],
  [
    "DO $$ BEGIN DELETE FROM t; EXECUTE format('DROP TABLE %I', x); EXECUTE x; DELETE FROM t; END $$",
    "runs an anonymous code block: deletes all rows of t, drops table computed_at_run_time, what is not understood here",
  ],
  ["DO $$ BEGIN END $$", "runs an anonymous code block"],
  ["EXPLAIN DELETE FROM t", "explains a statement"],
  ["CREATE PUBLICATION p FOR TABLE t, audit.u", "creates publication p of t and audit.u"],
  ["CREATE PUBLICATION p FOR ALL TABLES", "creates publication p of all tables"],
  ["CREATE PUBLICATION p", "creates publication p of nothing yet"],
  ["ALTER PUBLICATION p ADD TABLES IN SCHEMA x", "adds all tables of schema x to publication p"],
  ["ALTER PUBLICATION p DROP TABLE t", "takes t out of publication p"],
  [
    "ALTER PUBLICATION p SET TABLES IN SCHEMA CURRENT_SCHEMA",
    "leaves only all tables of the current schema in publication p",
  ],
  ["ALTER PUBLICATION p SET (publish = 'insert')", "sets publish of publication p"],
  ["DROP PUBLICATION p", "drops publication p"],
  ["EXPLAIN ANALYZE DELETE FROM t WHERE true", "explains a statement, deletes all rows of t"],
  ["ALTER TABLE t ALTER a SET COMPRESSION lz4", "sets the compression of column a of t"],
  ["ALTER TABLE t ALTER a RESTART WITH 5", "sets restart of identity column a of t"],
  ["ALTER TABLE t ALTER CONSTRAINT c DEFERRABLE", "changes when constraint c of t is checked"],
  [
    "ALTER TABLE t ALTER CONSTRAINT c NOT ENFORCED",
    "is not understood here: ALTER TABLE t ALTER CONSTRAINT c NOT ENFORCED",
  ],
  ["EXECUTE p(1)", "executes statement p"],
  ["DEALLOCATE p", "forgets prepared statement p"],
  ["DEALLOCATE ALL", "forgets all prepared statements"],
  ["ALTER ROLE x SET work_mem = '1MB'", "sets work_mem to '1MB' for role x"],
  ["ALTER ROLE x IN DATABASE d RESET work_mem", "resets work_mem for role x in database d"],
  ["ALTER ROLE ALL RESET ALL", "resets all settings for all roles"],
  ["ALTER DATABASE d SET a.b = 1", "sets a.b to 1 for database d"],
  ["PREPARE p AS UPDATE t SET a = 1 WHERE b = 2", "prepares statement p, updates rows of t"],
  ["DROP OWNED BY x CASCADE", "drops all that x owns and what depends on it"],
  ["REASSIGN OWNED BY a TO b", "gives all that a owns to b"],
  ["ALTER TABLE t DISABLE TRIGGER ALL", "switches all triggers and foreign keys of t off"],
  ["ALTER TABLE t DISABLE RULE r, ENABLE TRIGGER USER", "switches rule r of t off, switches all triggers of t on"],
  ["ALTER TABLE t INHERIT p", "makes t inherit from p"],
  ["ALTER TABLE t NO INHERIT p", "ends that t inherits from p"],
  ["VACUUM (FULL off) t", "vacuums t"],
  ["REINDEX (CONCURRENTLY 0) TABLE t", "builds t anew"],
  ["ALTER TABLE t SET ACCESS METHOD heap", "sets the access method of table t"],
  ["ALTER SCHEMA s RENAME TO t", "renames schema s to t"],
  [
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO x WITH GRANT OPTION",
    "grants all on all tables in schema public to x, to pass on as well",
  ],
  [
    "REVOKE GRANT OPTION FOR SELECT ON t FROM x CASCADE",
    "revokes the right to pass on SELECT on t from x, and from those they passed it on to",
  ],
  [
    "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s GRANT SELECT ON TABLES TO r",
    "grants SELECT on future tables of o in schema s to r",
  ],
  ["SELECT 1 AS a INTO y UNION SELECT 2", "creates table y from a query"],
  ["CREATE SCHEMA s CREATE TABLE t (a int)", "creates schema s, creates table t with 1 column"],
  ["GRANT a TO b WITH ADMIN OPTION", "grants role a to b, to pass on as well"],
  ["REVOKE ADMIN OPTION FOR a FROM b", "revokes the right to pass on role a from b"],
  ["REVOKE a FROM b CASCADE", "revokes role a from b, and from those they passed it on to"],
  ["GRANT a TO b WITH INHERIT FALSE", "grants role a to b"],
  ["ALTER TYPE c DROP ATTRIBUTE x, ADD ATTRIBUTE y int", "drops field x of c, adds field y (integer) to c"],
];

test.each(golden)("%s", async (text, words) => {
  expect((await parse(text)).map(describeSql)).toEqual([words]);
});

test("what is not understood is cut after a hundred characters, and stands on one line", async () => {
  const [statement] = await parse(`SECURITY LABEL ON TABLE t\n  IS '${"x".repeat(200)}'`);
  const words = describeSql(statement!);
  expect(words).toBe(`is not understood here: SECURITY LABEL ON TABLE t IS '${"x".repeat(70)}`);
});

test("comments on columns of one table in a row are one line", async () => {
  const text =
    "COMMENT ON COLUMN a.b IS 'x';\nCOMMENT ON COLUMN a.c IS 'x';\nCOMMENT ON COLUMN d.e IS 'x';\nCOMMENT ON TABLE a IS 'x';";
  expect(describeScript(await parse(text))).toEqual([
    { place: "line 1", words: "comments on 2 columns of a" },
    { place: "line 3", words: "comments on column d.e" },
    { place: "line 4", words: "comments on table a" },
  ]);
});

test("all of our own migrations are understood", async () => {
  for (const file of readMigrations("postgresql", "schema/postgresql/migrations")) {
    for (const { words } of describeScript((await parseSql(file)).statements))
      expect(words).not.toContain("not understood");
  }
});

test("a tree that has lost any of its parts is put in some words, or not understood, and never raises", async () => {
  const statements = (await Promise.all(golden.map(([text]) => parse(text)))).flat();
  fc.assert(
    fc.property(fc.nat(statements.length - 1), fc.nat(60), (which, lost) => {
      const statement = statements[which]!;
      let seen = 0;
      const node =
        JSON.parse(JSON.stringify(statement.node), (_, value) => (seen++ === lost ? undefined : value)) ?? {};
      expect(describeSql({ ...statement, node })).toMatch(/\S/);
    }),
    { numRuns: 1000 },
  );
});
