import { UserError } from "../operations/errors.ts";
import { follow } from "../operations/process.ts";
import { alive } from "./alive.ts";
import { relay } from "../operations/backups/signals.ts";

/** How a build script tells that a step begins: `  build postgres:15 ...`. */
const BEGUN = /^ {2}(\S.*) \.\.\.$/;
/** How it tells that a step has finished: `  build postgres:15      41.3 s`. */
const FINISHED = /^ {2}(\S.*?) +(\d+\.\d s)$/;

/**
 * Runs one of airgap's build scripts, which knows itself when there is nothing to build.
 *
 * @param mayBuild whether it may build; where not, it fails when it would have to
 * @param say called with each step that it begins and finishes
 * @param pulse how often the steps that still run are named where no terminal shows that they live, in milliseconds
 * @returns what it wrote to standard output
 * @throws UserError with the paragraph with which it failed
 */
export async function build(
  script: string,
  names: string[],
  mayBuild: boolean,
  say: (step: string) => void,
  pulse?: number,
): Promise<string> {
  const running = new Set<string>();
  const onLine = (line: string) => {
    const [, begun] = BEGUN.exec(line) ?? [];
    const [, finished, time] = FINISHED.exec(line) ?? [];
    if (begun !== undefined) {
      running.add(begun);
      say(`${begun} ...`);
    } else if (finished !== undefined) {
      running.delete(finished);
      say(`${finished} (${time})`);
    }
  };
  const work = follow(script, [...(mayBuild ? [] : ["--check"]), ...names], onLine, relay);
  const { code, stdout, stderr } = await alive(() => [...running].join(", "), say, work, pulse);
  // An empty line stands between the steps and the reason of a failure.
  if (code !== 0) throw new UserError(stderr.slice(stderr.lastIndexOf("\n\n") + 1).trim());
  return stdout;
}
