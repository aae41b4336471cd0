import { messageOf } from "../../migrator/errors.ts";
import { UserError } from "../errors.ts";
import { dataPaths, inFolder, scratchContainer, type Scratch, type ScratchEngine } from "./scratch.ts";
import { interruption } from "./signals.ts";

/** Folder of a generation that is being made, and of one that is whole and checked. The start scripts know the second. */
const MAKING = "restoring";
export const WHOLE = "restored";

/** A server whose data are restored. */
export interface RestoreTarget {
  image: string;
  dataVolume: string;
}

/**
 * Makes a new generation of servers' data beside the one that is in use, each in a scratch on its data volume. Where that
 * fails nothing of it stays.
 *
 * @param fill gets the scratches in the order of the targets. It brings up servers in them, and stops them
 */
export async function makeGeneration<Result>(
  targets: readonly (readonly [ScratchEngine, RestoreTarget])[],
  fill: (...scratches: Scratch[]) => Promise<Result>,
): Promise<Result> {
  const scratches: Scratch[] = [];
  let completed = 0;
  const close = async () => {
    for (const scratch of scratches) await scratch.close();
  };
  try {
    for (const [engine, target] of targets) scratches.push(await beside(target, engine));
    const result = await fill(...scratches);
    interruption.throwIfAborted();
    for (const scratch of scratches) {
      await complete(scratch);
      completed++;
    }
    await close();
    return result;
  } catch (error) {
    // The servers in them still write; they end with their containers, and what they wrote is removed by new ones.
    await close();
    for (const [index, [engine, target]] of targets.entries()) await sweep(target, engine, index < completed);
    throw error;
  }
}

/** Removes what an earlier restore left of a generation in the making. One that is whole tells doctor of a switch that was killed. */
export async function clear(scratch: Scratch): Promise<void> {
  await inFolder(scratch, 'rm -rf "$1" "$1".*');
}

/** @throws the error; where it is of a full disk, with the way out */
export function refuseFull(error: unknown, { dataVolume }: RestoreTarget): never {
  if (!/No space left on device/i.test(messageOf(error))) throw error;
  throw new UserError(
    `The disk that holds the volume ${dataVolume} is full. Free space on it, and run this again. ` +
      "The data that are in use were not touched.",
  );
}

/** @throws the error; where it came of a signal, what is in use now */
export function refuseStopped(error: unknown): never {
  if (!interruption.aborted) throw error;
  throw new UserError("Stopped, as asked. The data that are in use were not touched.");
}

/** The container that makes a generation in a data volume: while it is there, no other restore begins. */
export const restoreOf = (dataVolume: string) => `restore-of-${dataVolume}`;

async function beside({ image, dataVolume }: RestoreTarget, engine: ScratchEngine): Promise<Scratch> {
  const path = dataPaths[engine];
  const volumes = [`${dataVolume}:${path}`];
  const opened = scratchContainer(image, `${path}/${MAKING}`, volumes, restoreOf(dataVolume));
  const scratch = await opened.catch((error: Error) => {
    if (!/already in use/.test(error.message)) throw error;
    throw new UserError(`Another restore into the volume ${dataVolume} is under way. Wait for its end.`);
  });
  // One that was killed between its renames, after which no server was started: its start script would do the same.
  const endSwitch = `[ -e "\${1%/*}/current" ] || [ ! -e "\${1%/*}/${WHOLE}" ] || mv "\${1%/*}/${WHOLE}" "\${1%/*}/current"`;
  await inFolder(scratch, endSwitch).catch((error) => scratch.close().then(() => Promise.reject(error)));
  return scratch;
}

/** Declares a generation whole: from here on a start script may take it. */
async function complete(scratch: Scratch): Promise<void> {
  await inFolder(scratch, `sync -f "$1"; rm -rf "$1".* "\${1%/*}/${WHOLE}"; mv "$1" "\${1%/*}/${WHOLE}"`);
}

/** Removes a generation that did not become whole, or did so alone. */
async function sweep(target: RestoreTarget, engine: ScratchEngine, isWhole: boolean): Promise<void> {
  const scratch = await beside(target, engine);
  try {
    await clear(scratch);
    if (isWhole) await inFolder(scratch, `rm -rf "\${1%/*}/${WHOLE}"`);
  } finally {
    await scratch.close();
  }
}
