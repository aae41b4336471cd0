import { stripTypeScriptTypes } from "node:module";
import { isNativeError } from "node:util/types";
import { promiseHooks } from "node:v8";
import { constants, createContext, runInContext, Script } from "node:vm";

const milliseconds = 1000;

/** What would make a text mean something else at each run, or on each machine. */
const refusals = `
Object.defineProperty(globalThis, "Date", {
  get() { throw new Error('a Date depends on the clock and the time zone: write { $date: "2026-01-31T00:00:00Z" }'); },
});
Math.random = () => { throw new Error("Math.random() gives something else each time: write the value itself"); };
for (const { prototype } of [Object, Array, Number, BigInt, String]) {
  for (const name of Object.getOwnPropertyNames(prototype).filter((name) => /locale/i.test(name))) {
    prototype[name] = () => { throw new Error(name + "() depends on the language of the machine: write the text itself"); };
  }
}
delete globalThis.Intl;
`;

/**
 * The default export of a TypeScript file. The text is run by itself, without imports, Node's globals or a module cache:
 * so what is applied is what the checksum covers, and nothing else.
 * @throws an Error that says why the text can't be run, or that what it exports is more than data.
 */
export function runScript(text: string): unknown {
  const script = compiled(stripTypes(text));
  // A context of its own kind shares no object with the process, and so no clock. Promises are run down inside, so that
  // they can't outlive the time limit.
  const context = createContext(constants.DONT_CONTEXTIFY, { microtaskMode: "afterEvaluate" });
  runInContext(refusals, context);
  const promises: Promise<unknown>[] = [];
  const stopWatching = promiseHooks.onInit((promise) => promises.push(promise));
  let value: unknown;
  try {
    script.runInContext(context, { timeout: milliseconds });
    value = structuredClone(context["default"]);
  } catch (error) {
    if (!isNativeError(error)) throw new Error("it throws something else than an Error", { cause: error });
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new Error("it did not end within a second: look for an endless loop", { cause: error });
  } finally {
    stopWatching();
    // One that is rejected would end the process later, amid a run.
    for (const promise of promises) promise.catch(() => {});
  }
  if (promises.length > 0) throw new Error("it makes a promise, by import(), async or Promise: steps are plain data");
  return value;
}

/** With the export as an assignment. In a comment or a text, `export default` stays: then the real one does not compile. */
function compiled(text: string): Script {
  let problem: unknown;
  for (const { index } of text.matchAll(/^export default\b/gm)) {
    try {
      return new Script(`${text.slice(0, index)}globalThis.default =${text.slice(index + "export default".length)}`);
    } catch (error) {
      problem ??= error;
    }
  }
  if (problem) throw problem;
  return new Script(text);
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
