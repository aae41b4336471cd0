import { stripTypeScriptTypes } from "node:module";
import { runInNewContext } from "node:vm";
import type { Document } from "mongodb";
import { listed, MigrationError, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";

/** A database command, as for runCommand: its first key is the command's name. */
export type Step = Document;

/**
 * The steps that a migration exports. The text is run by itself, without imports, Node's globals or a module cache:
 * so what is applied is what the checksum covers, and nothing else.
 * @throws MigrationError for a text that can't be run so, or exports anything but an array of commands.
 */
export function loadSteps(file: SourceFile): Step[] {
  const refuse = (reason: string, cause?: unknown) =>
    new MigrationError(
      `${file.name} ${reason}. A migration is a file with \`export default [ ...commands ]\`, ` +
        `each like { createIndexes: "runs", indexes: [...] }, and with no imports but \`import type\`.`,
      { migration: file.name, cause },
    );
  const context: { steps?: unknown } = {};
  let steps: unknown;
  try {
    runInNewContext(stripTypes(file.text).replace(/^export default\b/m, "steps ="), context);
    steps = structuredClone(context.steps);
  } catch (cause) {
    throw refuse(`can't be run (${messageOf(cause)})`, cause);
  }
  if (!Array.isArray(steps) || steps.length === 0) throw refuse("does not export an array of commands");
  const wrong = steps.findIndex((step) => commandName(step) === undefined);
  if (wrong >= 0) throw refuse(`has a step ${wrong + 1} that is not a command`);
  const foreign = steps.findIndex((step) => !repeatable.includes(commandName(step)!));
  if (foreign >= 0) {
    throw new MigrationError(
      `${file.name} step ${foreign + 1} is ${commandName(steps[foreign])}, which can't be run again after an interruption. ` +
        `A migration is made of ${listed(repeatable)}; documents come as seeds. Nothing was applied.`,
      { migration: file.name },
    );
  }
  return steps;
}

/** Node does this to every .ts file that it loads, but calls the function for it experimental, and says so on stderr. */
function stripTypes(text: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

export function commandName(step: unknown): string | undefined {
  return typeof step === "object" && step !== null && !Array.isArray(step) ? Object.keys(step)[0] : undefined;
}

/** Commands that end in the same state when they are run again. */
const repeatable = ["create", "collMod", "createIndexes", "drop", "dropIndexes"];
