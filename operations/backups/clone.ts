import { follow } from "../process.ts";
import { tell as tellOf, UserError } from "../errors.ts";
import { isInUse, keepingSelection, openStack, readOutputs } from "../stack.ts";
import { listBackups, pickBackup } from "./catalog.ts";
import { restore, type StackBackups } from "./ofStack.ts";
import { interruption, relay } from "./signals.ts";
import { refuseOtherKey } from "./unfit.ts";

/**
 * Makes a second stack that holds the data of a backup: a branch for a pull request, an experiment or another machine.
 * @param source whose backups are looked through; its own databases are not touched
 * @param name of the new stack
 * @param backup name of the backup @default the newest proven one
 * @throws UserError where the stack is there already: its data would be replaced; Unfit where the key is not the backup's
 */
export async function clone(source: Omit<StackBackups, "outputs">, name: string, backup?: string): Promise<string> {
  const { place, tell } = source;
  const chosen = pickBackup(await listBackups(place), place, backup);
  if (await isInUse(name)) {
    throw new UserError(
      `There is a stack ${name} already. Choose another name, or delete that one: npx trading-db reset ${name} --stack ${name}`,
    );
  }
  await refuseOtherKey(chosen, source.key);
  tell(`setting up the stack ${name}`);
  try {
    await setUp(name, tell);
    await restore({ ...source, stack: name, outputs: await readOutputs(name) }, chosen.name, undefined, true);
    tell("applying migrations that are newer than the backup");
    await (await openStack(name)).up({ refresh: true, signal: relay });
  } catch (error) {
    const why = interruption.aborted ? "Stopped, as asked." : tellOf(error as Error);
    throw new UserError(`${why}\nTo remove what was made of it: npx trading-db reset ${name} --stack ${name}`);
  }
  return chosen.name;
}

/** Sets up a stack, and leaves the selection as it was: a branch that is made is not one that is switched to. */
async function setUp(name: string, tell: (sentence: string) => void): Promise<void> {
  const { code, stderr, stdout } = await keepingSelection(name, () =>
    follow("./setup-databases.sh", ["--stack", name], tell, relay),
  );
  if (code === 0) return;
  throw new UserError(`The stack ${name} could not be set up: ${(stderr || stdout).trim().split("\n").at(-1)}`);
}
