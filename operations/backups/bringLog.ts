import { createReadStream } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { UserError } from "../errors.ts";
import { Damaged, readArtefact } from "./artefact.ts";
import { both } from "./both.ts";
import type { Backup } from "./catalog.ts";
import { gapWords, LATEST, type Logs } from "./logs.ts";
import type { RestoreRequest } from "./restore.ts";
import type { Scratch } from "./scratch.ts";
import { feed, start } from "./tools.ts";
import { Unfit } from "./unfit.ts";
import { nameOfLogFile, walAfter } from "./wal.ts";

type LogRequest = Pick<RestoreRequest, "place" | "backup" | "to" | "key">;

/**
 * Puts archived files that a recovery may ask for into a folder of the scratch, up to the first that is damaged.
 * @returns the folder, and the error where the recovery would need more
 */
export async function bringLog(
  request: LogRequest,
  { wal, gap }: Logs,
  scratch: Scratch,
): Promise<{ wal: string; gap: UserError | undefined }> {
  const { backup, to } = request;
  const brought = { wal: `${scratch.folder}.wal`, gap: gap === undefined ? undefined : new Unfit(gap) };
  const script = 'mkdir -m 0700 "$1.wal"; cd "$1.wal"; while read -r name bytes; do head -c "$bytes" >"$name"; done';
  await feed(start(scratch.tools, ["bash", "-euc", script, "receive", scratch.folder]), async (target) => {
    await pipeline(async function* () {
      for (const file of wal) {
        const content = await readLogFile(request, file).catch((error: unknown) => {
          if (!(error instanceof Damaged) || to === undefined || to === LATEST) throw error;
          // No Unfit: the others may need the same file.
          brought.gap = new UserError(gapWords(error.message, backup.name, to));
        });
        if (content === undefined) return;
        yield `${nameOfLogFile(file.file)} ${content.length}\n`;
        yield content;
      }
    }, target);
  }).catch((error) => refuseDamagedLog(error, backup, to ?? LATEST));
  return brought;
}

/** @throws UserError where the error is of a file of the archives, with the way out; else the error */
export function refuseDamagedLog(error: unknown, { name }: Backup, to: string): never {
  throw error instanceof Damaged ? new UserError(gapWords(error.message, name, to)) : error;
}

/** At most one segment. What is still written is neither compressed nor encrypted. */
async function readLogFile(request: LogRequest, { folder, file }: { folder: string; file: string }): Promise<Buffer> {
  const { place, backup, key } = request;
  try {
    if (!/\.zst(\.age)?$/.test(file)) return await buffer(createReadStream(join(folder, file)));
    const content = new PassThrough();
    const [, bytes] = await both(readArtefact(folder, { name: file }, key, content), buffer(content));
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // A segment that was still written when it was chosen may be whole, and archived, by now.
    const { segments } = await walAfter(place, backup.manifest!.postgresql);
    const moved = segments.find(({ name }) => name === nameOfLogFile(file));
    if (moved === undefined || moved.file === file) throw error;
    return readLogFile(request, moved);
  }
}
