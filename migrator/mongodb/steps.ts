import { stripTypeScriptTypes } from "node:module";
import { runInNewContext } from "node:vm";
import { MongoServerError, type Db, type Document } from "mongodb";
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

const namespaceNotFound = 26;
const indexNotFound = 27;
const namespaceExists = 48;

/** The options of `create` that `collMod` can set afterwards. */
const changeable = ["validator", "validationLevel", "validationAction"] as const;

/**
 * Runs one step so that running it again ends in the same state: what a killed run left half done is passed again.
 * A `create` of a collection that exists sets its validation; a drop of what is gone is done.
 */
export async function runStep(database: Db, step: Step): Promise<void> {
  try {
    // Commands don't take the client's write concern.
    await database.command({ ...step, writeConcern: { w: "majority", j: true } });
  } catch (error) {
    const code = error instanceof MongoServerError ? error.code : undefined;
    const name = commandName(step);
    if (name === "create" && code === namespaceExists) return modify(database, step);
    if (name === "drop" && code === namespaceNotFound) return;
    if (name === "dropIndexes" && (code === namespaceNotFound || code === indexNotFound)) return;
    throw error;
  }
}

async function modify(database: Db, step: Step): Promise<void> {
  const wanted = Object.entries(step).filter(([key]) => changeable.includes(key as (typeof changeable)[number]));
  if (wanted.length > 0) await runStep(database, { collMod: step.create, ...Object.fromEntries(wanted) });
}
