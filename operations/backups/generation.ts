import { messageOf } from "../../migrator/errors.ts";
import { UserError } from "../errors.ts";
import { dataPaths, inFolder, scratchContainer, type Scratch, type ScratchEngine } from "./scratch.ts";

/** Folder of a generation that is being made, and of one that is whole and checked. The start scripts know the second. */
const MAKING = "restoring";
export const WHOLE = "restored";

/** A server whose data are restored. */
export interface RestoreTarget {
  image: string;
  dataVolume: string;
}

/** @throws the error; where it is of a full disk, with the way out */
export function refuseFull(error: unknown, { dataVolume }: RestoreTarget): never {
  if (!/No space left on device/i.test(messageOf(error))) throw error;
  throw new UserError(
    `The disk that holds the volume ${dataVolume} is full. Free space on it, and run this again. ` +
      "The data that are in use were not touched.",
  );
}

/** A scratch on the data volume itself, beside the generation that is in use. */
export async function beside({ image, dataVolume }: RestoreTarget, engine: ScratchEngine): Promise<Scratch> {
  const path = dataPaths[engine];
  try {
    return await scratchContainer(image, `${path}/${MAKING}`, [`${dataVolume}:${path}`], `restore-of-${dataVolume}`);
  } catch (error) {
    if (!/already in use/.test((error as Error).message)) throw error;
    throw new UserError(`Another restore into the volume ${dataVolume} is under way. Wait for its end.`);
  }
}

/** Removes a generation that did not become whole. */
export async function sweepGeneration(target: RestoreTarget, engine: ScratchEngine): Promise<void> {
  const scratch = await beside(target, engine);
  await inFolder(scratch, 'rm -rf "$1" "$1".*').finally(() => scratch.close());
}

/** Removes what an earlier restore left, of a generation in the making or of one that was never switched to. */
export async function clear(scratch: Scratch): Promise<void> {
  await inFolder(scratch, `rm -rf "$1" "$1".* "\${1%/*}/${WHOLE}"`);
}

/** Declares a generation whole: from here on a start script may take it. */
export async function complete(scratch: Scratch): Promise<void> {
  await inFolder(scratch, `sync -f "$1"; rm -rf "$1".*; mv "$1" "\${1%/*}/${WHOLE}"`);
}
