import type { Node, ScanToken } from "libpg-query";
import { checksum } from "../checksum.ts";
import { MigrationError } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { directive, directivesOf } from "./directives.ts";

export interface SqlStatement {
  /** Without the comments before it, and without its semicolon. */
  text: string;
  /** From 1. */
  line: number;
  /** SHA-256 of its text, as checksum.ts takes it. */
  hash: string;
  /** As PostgreSQL's parser has it: an object with one key, such as `CreateStmt`. */
  node: Node;
  /** Of a DO or a CALL, what it runs: see blocks.ts. */
  inside?: (Node | undefined)[];
}

export interface SqlScript {
  /** Whether the file is one transaction. */
  transaction: boolean;
  /** Reasons that the file states, by the rule that they lift. */
  allowed: Map<string, string>;
  statements: SqlStatement[];
}

/**
 * Reads a file with PostgreSQL's own parser, which is loaded when the first file needs it.
 * @throws MigrationError for a syntax error, a file without a statement, a directive that nobody knows, and for statements
 * that can't stand in a file of ours.
 */
export function parseSql(file: SourceFile): Promise<SqlScript> {
  const known = scripts.get(file) ?? read(file);
  scripts.set(file, known);
  return known;
}

/** A run reviews a file and applies it. */
const scripts = new WeakMap<SourceFile, Promise<SqlScript>>();

async function read(file: SourceFile): Promise<SqlScript> {
  const { loadModule, parseSync, scanSync, hasSqlDetails } = await import("libpg-query");
  await loadModule();
  const refuse = (place: string, reason: string, remedy: string) =>
    new MigrationError(`${file.name}${place} ${reason}. Nothing was applied. ${remedy}`, { migration: file.name });

  let statements: SqlStatement[];
  let tokens: ScanToken[];
  try {
    // The parser would take it for the end of the file.
    if (file.text.includes("\0")) throw refuse("", "has a NUL character", "Take it out, and run `pulumi up` again.");
    const withoutComments = (text: string) => {
      const words = scanSync(text).tokens.filter(({ tokenName }) => !/^(SQL|C)_COMMENT$/.test(tokenName));
      return Buffer.from(text).subarray(0, words.at(-1)?.end).toString();
    };
    statements = split(file.text, parseSync(file.text).stmts ?? [], withoutComments);
    // Most files have no directive, and a scan takes as long as parsing does.
    tokens = directive.test(file.text) ? scanSync(file.text).tokens : [];
  } catch (error) {
    if (!hasSqlDetails(error)) throw error;
    const before = [...file.text].slice(0, error.sqlDetails?.cursorPosition ?? 0).join("");
    const hint = /syntax error at or near "\\"/.test(error.message)
      ? "Leave out what is meant for psql, and run `pulumi up` again."
      : "Mend the file, and run `pulumi up` again.";
    throw refuse(` line ${lineAt(before)}:`, error.message, hint);
  }
  if (statements.length === 0) throw refuse("", "has no statement", "Write what it is for, or delete the file.");
  const { transaction, allowed } = directivesOf(file, tokens);
  for (const statement of statements) {
    const { node, line } = statement;
    if ("DoStmt" in node || "CallStmt" in node) statement.inside = (await import("./blocks.ts")).insideOf(node);
    const foreign = foreignTo(node, transaction);
    if (foreign) throw refuse(` line ${line}:`, foreign.reason, foreign.remedy);
  }
  return { transaction, allowed, statements };
}

/**
 * Lines, from 1, of places that the parser counts in bytes. Each is to be asked after those before it: a text is counted
 * through once.
 */
export function linesOf(bytes: Buffer): (place: number) => number {
  let [line, counted] = [1, 0];
  return (place) => {
    line += lineAt(bytes.subarray(counted, place).toString()) - 1;
    counted = place;
    return line;
  };
}

/** The line, from 1, in which a text ends. */
function lineAt(text: string): number {
  return text.split("\n").length;
}

/**
 * The parser counts bytes; where it gives no length, a statement goes to the end of the file.
 * @param withoutComments takes away those at the end, and costs as much as parsing.
 */
function split(
  text: string,
  parsed: { stmt?: Node; stmt_location?: number; stmt_len?: number }[],
  withoutComments: (text: string) => string,
): SqlStatement[] {
  const bytes = Buffer.from(text);
  const lineOf = linesOf(bytes);
  return parsed.map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const slice = bytes
      .subarray(start, length ? start + length : undefined)
      .toString()
      .trim();
    const own = /(--.*|\*\/)$/.test(slice) ? withoutComments(slice) : slice;
    return { text: own, line: lineOf(start), hash: checksum(own), node: stmt! };
  });
}

/** Why a statement can't stand in a file that runs as ours do. */
function foreignTo(node: Node, transaction: boolean): { reason: string; remedy: string } | undefined {
  if ("TransactionStmt" in node) {
    const word = node.TransactionStmt.kind?.replace(/^TRANS_STMT_/, "").replaceAll("_", " ") ?? "COMMIT";
    const why = transaction
      ? "each file runs as one transaction together with its ledger row"
      : "each statement of a file with `-- migrate: no-transaction` is kept by itself";
    return { reason: `${word} is not allowed, because ${why}`, remedy: "Take it out, and run `pulumi up` again." };
  }
  if ("CopyStmt" in node && (node.CopyStmt.is_from || node.CopyStmt.filename)) {
    return {
      reason: "COPY is not allowed, because a migration has no data beside it",
      remedy: "Rows come as seeds: NNNN_TABLE.csv in a seed set.",
    };
  }
  return undefined;
}
