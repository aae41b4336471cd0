import type { ScanToken } from "libpg-query";
import { MigrationError, listed } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { sqlRules } from "./rules.ts";

/** How a comment begins that is meant as a directive, whether it is well written or not. */
export const directive = /(?:--|\/\*)[\s*]*migrate(?:\s*:|\s+(?:no[-_\s]*transaction|allow)\b)/i;

/**
 * What the comments of a file ask for: `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`.
 * @param tokens of the file: what looks like a comment inside a string is none.
 * @throws MigrationError for a comment that is meant so and isn't: it would be passed over in silence.
 */
export function directivesOf(file: SourceFile, tokens: readonly ScanToken[]) {
  let transaction = true;
  const allowed = new Map<string, string>();
  const bytes = Buffer.from(file.text);
  for (const { start, end, tokenName } of tokens) {
    if (tokenName !== "SQL_COMMENT" && tokenName !== "C_COMMENT") continue;
    const comment = bytes.subarray(start, end).toString().trimEnd();
    if (comment.search(directive) !== 0) continue;
    const refuse = (reason: string) => {
      const line = bytes.subarray(0, start).toString().split("\n").length;
      return new MigrationError(`${file.name} line ${line}: "${comment}" ${reason}. Nothing was applied.`, {
        migration: file.name,
      });
    };
    const [, rule, reason] = /^-- migrate: allow ([^\s:]+):\s*(.*)$/.exec(comment) ?? [];
    if (start > 0 && bytes[start - 1] !== 0x0a) throw refuse("does not begin its line, and would be passed over");
    if (comment === "-- migrate: no-transaction") transaction = false;
    else if (rule === undefined) {
      throw refuse("is no directive. There are `-- migrate: no-transaction` and `-- migrate: allow RULE: REASON`");
    } else if (!Object.hasOwn(sqlRules, rule)) {
      throw refuse(`names no rule. There are ${listed(Object.keys(sqlRules))}`);
    } else if (reason === "") throw refuse("has no reason. State why it is meant, for those who read it later");
    else allowed.set(rule, reason!);
  }
  return { transaction, allowed };
}
