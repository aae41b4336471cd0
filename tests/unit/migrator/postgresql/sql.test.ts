import { expect, test } from "@jest/globals";
import { lineAt, lineOfStatement, transactionStatement } from "../../../../migrator/postgresql/sql.ts";

test.each([
  ["COMMIT;", "COMMIT", 1],
  ["SELECT 1;\n\n  -- then\n  begin;", "BEGIN", 4],
  ["SELECT 1; ROLLBACK", "ROLLBACK", 1],
  ["start\n transaction;", "START\n TRANSACTION", 1],
  ["SELECT $$ ; $$;\nEND;", "END", 2],
  ["/* a */ Abort", "ABORT", 1],
])("%j ends its transaction", (text, statement, line) => {
  expect(transactionStatement(text)).toEqual({ statement, line });
});

test.each([
  "SELECT 1; -- ; COMMIT",
  "/* ; COMMIT; */ SELECT 1",
  "SELECT '; COMMIT; '';COMMIT'",
  "SELECT E'it\\'s; COMMIT;'",
  'SELECT 1 AS "; COMMIT;"',
  "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $body$ BEGIN NULL; END; $body$;",
  "DO $$ BEGIN EXECUTE $x$ ; COMMIT; $x$; END $$;",
  "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;",
  "CREATE TABLE begin_dates (commit_id int); DELETE FROM begin_dates",
  "SELECT 1; COMMITTED",
])("%j does not end its transaction", (text) => {
  expect(transactionStatement(text)).toBeUndefined();
});

test("a statement is found by its number, whatever semicolons stand in its neighbours", () => {
  const text = "-- one;\nSELECT ';';\n\n;;DO $$ BEGIN; END $$;\n/* ; */\n  SELECT\n 3;\nSELECT 4";
  expect([0, 1, 2, 3].map((index) => lineOfStatement(text, index))).toEqual([2, 4, 6, 8]);
});

test("lines are counted from 1", () => {
  expect([0, 1, 2, 5].map((offset) => lineAt("a\nb\n\nc", offset))).toEqual([1, 1, 2, 4]);
});
