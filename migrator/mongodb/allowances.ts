import { MigrationError } from "../errors.ts";
import type { SourceFile } from "../types.ts";

/** How the author of a file states why a dangerous step is meant. */
export function allowanceOf(file: SourceFile, rule: string): string {
  return file.name.endsWith(".json") ? `"allow": { "${rule}": "reason" }` : `// migrate: allow ${rule}: reason`;
}

/**
 * The rules that the comments of a `.ts` file allow, each with its reason.
 * @throws MigrationError for a comment that is meant so and isn't: it would be passed over in silence.
 */
export function directivesOf(file: SourceFile): [string, string][] {
  return file.text.split(/\r?\n/).flatMap((line, index) => {
    if (!/^\s*\/\/\s*migrate\b\s*:/i.test(line)) return [];
    const [, rule, reason] = /^\/\/ migrate: allow ([^\s:]+):(.*)$/.exec(line) ?? [];
    if (rule !== undefined) return [[rule, reason!]];
    throw new MigrationError(
      `${file.name} line ${index + 1} is not a directive that is known: ${line.trim()}. ` +
        "Write `// migrate: allow rule: reason` at the start of a line. Nothing was applied.",
      { migration: file.name },
    );
  });
}
