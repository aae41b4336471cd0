import { stripTypeScriptTypes } from "node:module";
import { createContext, runInContext } from "node:vm";

const milliseconds = 1000;

/** What would make a text mean something else at each run, or on each machine. */
const refusals = `
Object.defineProperty(globalThis, "Date", {
  get() { throw new Error('a Date depends on the clock and the time zone: write { $date: "2026-01-31T00:00:00Z" }'); },
});
Math.random = () => { throw new Error("Math.random() gives something else each time: write the value itself"); };
delete globalThis.Intl;
`;

/**
 * The default export of a TypeScript file. The text is run by itself, without imports, Node's globals or a module cache:
 * so what is applied is what the checksum covers, and nothing else.
 * @throws an Error that says why the text can't be run, or that what it exports is more than data.
 */
export function runScript(text: string): unknown {
  // Promises are run down inside, so that they can't outlive the time limit.
  const context: { default?: unknown } = createContext({}, { microtaskMode: "afterEvaluate" });
  const script = stripTypes(text).replace(/^export default\b/m, "globalThis.default =");
  runInContext(refusals, context);
  try {
    runInContext(script, context, { timeout: milliseconds });
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new Error("it did not end within a second: look for an endless loop", { cause: error });
  }
  return structuredClone(context.default);
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
