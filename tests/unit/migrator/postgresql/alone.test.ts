import { describe, expect, test } from "@jest/globals";
import { isConcurrent, runsAlone, runsOutside } from "../../../../migrator/postgresql/alone.ts";
import { parseSql } from "../../../../migrator/postgresql/statements.ts";

async function statement(text: string) {
  const file = { name: "0001_a.sql", path: "0001_a.sql", checksum: "", text: `-- migrate: no-transaction\n${text}` };
  return (await parseSql(file)).statements[0]!;
}

describe("outside a transaction alone, and beside others, runs", () => {
  test.each([
    "CREATE INDEX CONCURRENTLY t_a ON t (a)",
    "DROP INDEX CONCURRENTLY t_a",
    "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (VERBOSE, CONCURRENTLY) INDEX t_a",
    "REINDEX (CONCURRENTLY on) INDEX t_a",
    "REINDEX (CONCURRENTLY 1) INDEX t_a",
    "REINDEX (CONCURRENTLY off, CONCURRENTLY) INDEX t_a",
    "REINDEX SCHEMA CONCURRENTLY s",
  ])("%s", async (text) => {
    expect(runsAlone(await statement(text))).toBe(true);
    expect(isConcurrent(await statement(text))).toBe(true);
  });
});

describe("outside a transaction alone, and in the way of others, runs", () => {
  test.each(["VACUUM FULL t", "CLUSTER", "REINDEX SCHEMA s", "REINDEX (CONCURRENTLY FALSE) DATABASE d"])(
    "%s",
    async (text) => {
      expect(runsAlone(await statement(text))).toBe(true);
      expect(isConcurrent(await statement(text))).toBe(false);
    },
  );
});

describe("in a transaction may run", () => {
  test.each([
    "CREATE INDEX t_a ON t (a)",
    "DROP INDEX t_a",
    "ALTER TABLE t DETACH PARTITION p",
    "ANALYZE t",
    "CLUSTER t USING t_a",
    'REINDEX TABLE "concurrently"',
    "REINDEX (TABLESPACE concurrently) TABLE t",
    "REINDEX (CONCURRENTLY FALSE) TABLE t",
    "REINDEX (CONCURRENTLY OFF) INDEX t_a",
    "REINDEX (CONCURRENTLY 0) INDEX t_a",
    "REINDEX (CONCURRENTLY, CONCURRENTLY off) INDEX t_a",
  ])("%s", async (text) => {
    expect(runsAlone(await statement(text))).toBe(false);
    expect(isConcurrent(await statement(text))).toBe(false);
  });
});

test.each([
  ["REINDEX TABLE t", true],
  ["CLUSTER t USING t_a", true],
  ["VACUUM t", true],
  ["ALTER TABLE t ADD COLUMN b int", false],
])("%s of a file without a transaction runs outside one: %s", async (text, expected) => {
  expect(runsOutside(await statement(text))).toBe(expected);
});
