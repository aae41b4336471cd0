import { expect, test } from "@jest/globals";
import { parseSql } from "../../../../migrator/postgresql/statements.ts";
import { refusal } from "../../../support/migrations.ts";

const parse = (text: string) => parseSql({ name: "0001_x.sql", path: "0001_x.sql", checksum: "", text });

test.each([
  [
    "SELECT 1;\n\n-- é 😀\nSELECT 2",
    [
      ["SELECT 1", 1],
      ["SELECT 2", 4],
    ],
  ],
  [
    "/* é */ SELECT 'ü;';\r\nSELECT 2; -- the end\r\n",
    [
      ["SELECT 'ü;'", 1],
      ["SELECT 2", 2],
    ],
  ],
  [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; -- x\n$$;\nSELECT 2;",
    [
      ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; -- x\n$$", 1],
      ["SELECT 2", 3],
    ],
  ],
] as [string, [string, number][]][])("%j has its statements, each with its line", async (text, expected) => {
  expect((await parse(text)).statements.map(({ text, line }) => [text, line])).toEqual(expected);
});

test("a statement keeps its hash when a comment before it or another statement changes", async () => {
  const hashes = async (text: string) => (await parse(text)).statements.map(({ hash }) => hash);
  const [first] = await hashes("SELECT 1;\nSELECT 2;");
  expect((await hashes("-- new\nSELECT 1;\nSELECT 3;"))[0]).toBe(first);
  expect((await hashes("SELECT 1 -- the first\n;\nSELECT 3 /* x */"))[0]).toBe(first);
  expect((await hashes("SELECT 11;\nSELECT 2;"))[0]).not.toBe(first);
});

test.each([
  [
    "SELECT 1;\n-- é\nSELCT 2;",
    '0001_x.sql line 3: syntax error at or near "SELCT". Nothing was applied. Mend the file, and run `pulumi up` again.',
  ],
  [
    "SELECT (1;",
    '0001_x.sql line 1: syntax error at or near ";". Nothing was applied. Mend the file, and run `pulumi up` again.',
  ],
  [
    "SELECT 'open",
    '0001_x.sql line 1: unterminated quoted string at or near "\'open". Nothing was applied. Mend the file, and run `pulumi up` again.',
  ],
  [
    "\\copy t FROM 'x'",
    '0001_x.sql line 1: syntax error at or near "\\". Nothing was applied. Leave out what is meant for psql, and run `pulumi up` again.',
  ],
  [
    "SELECT 1;\0DROP TABLE t;",
    "0001_x.sql has a NUL character. Nothing was applied. Take it out, and run `pulumi up` again.",
  ],
  ["-- nothing yet\n", "0001_x.sql has no statement. Nothing was applied. Write what it is for, or delete the file."],
  [
    "SELECT 1;\nCOMMIT;",
    "0001_x.sql line 2: COMMIT is not allowed, because each file runs as one transaction together with its ledger row. Nothing was applied. Take it out, and run `pulumi up` again.",
  ],
  [
    "-- migrate: no-transaction\nBEGIN;",
    "0001_x.sql line 2: BEGIN is not allowed, because each statement of a file with `-- migrate: no-transaction` is kept by itself. Nothing was applied. Take it out, and run `pulumi up` again.",
  ],
  [
    "COPY t FROM STDIN;",
    "0001_x.sql line 1: COPY is not allowed, because a migration has no data beside it. Nothing was applied. Rows come as seeds: NNNN_TABLE.csv in a seed set.",
  ],
  [
    "-- migrate: no transaction\nSELECT 1;",
    '0001_x.sql line 1: "-- migrate: no transaction" is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`. Nothing was applied.',
  ],
  [
    "-- migrate no-transaction\nSELECT 1;",
    '0001_x.sql line 1: "-- migrate no-transaction" is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`. Nothing was applied.',
  ],
  [
    "--migrate NO_TRANSACTION\nSELECT 1;",
    '0001_x.sql line 1: "--migrate NO_TRANSACTION" is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`. Nothing was applied.',
  ],
  [
    "-- migrate allow drop-table: old\nSELECT 1;",
    '0001_x.sql line 1: "-- migrate allow drop-table: old" is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`. Nothing was applied.',
  ],
  [
    "/* migrate: allow drop-table: old */\nSELECT 1;",
    '0001_x.sql line 1: "/* migrate: allow drop-table: old */" is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`. Nothing was applied.',
  ],
  [
    "/*\n * migrate: no-transaction\n */\nSELECT 1;",
    '0001_x.sql line 1: "/*\n * migrate: no-transaction\n */" is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`. Nothing was applied.',
  ],
  [
    "SELECT 1; -- migrate: no-transaction",
    '0001_x.sql line 1: "-- migrate: no-transaction" does not begin its line, and would be passed over. Nothing was applied.',
  ],
  [
    "-- migrate: allow drop-table:\nSELECT 1;",
    '0001_x.sql line 1: "-- migrate: allow drop-table:" has no reason. State why it is meant, for those who read it later. Nothing was applied.',
  ],
])("%j is refused", async (text, message) => {
  expect(await refusal(parse(text))).toBe(message);
});

test("a file of 16,000 statements is not read over again for each of them and of its comments", async () => {
  const text = "-- migrate: allow drop-table: é\nINSERT INTO t VALUES (1, 'ü'); -- x\n".repeat(16_000);
  const start = performance.now();
  const { statements } = await parse(text);
  expect(statements.at(-1)!.line).toBe(32_000);
  expect(performance.now() - start).toBeLessThan(20_000);
}, 60_000);

test("an unknown rule is refused with all that there are", async () => {
  expect(await refusal(parse("-- migrate: allow drop-everything: yes\nSELECT 1;"))).toMatch(
    /^0001_x\.sql line 1: "-- migrate: allow drop-everything: yes" names no rule\. There are drop-table, drop-column, .+ and no-timeout\. Nothing was applied\.$/,
  );
});

test("what looks like a directive inside a string or a function is none", async () => {
  const text = "SELECT '\n-- migrate: no-transaction\n', $$\n-- migrate: allow nothing: x\n$$; -- migrate all rows";
  expect(await parse(text)).toMatchObject({ transaction: true, allowed: new Map() });
});
