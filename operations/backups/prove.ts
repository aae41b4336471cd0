import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { listed, messageOf } from "../../migrator/errors.ts";
import { UserError } from "../errors.ts";
import { damageOf, KeyRefused, readArtefact, sync } from "./artefact.ts";
import { both } from "./both.ts";
import { compareMongo, comparePostgres, refuseDifference } from "./compare.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import * as mongo from "./mongodb.ts";
import { giveToOwnerOf } from "./owner.ts";
import * as postgres from "./postgresql.ts";
import { inFolder, type OpenScratch, type Scratch, type ScratchEngine } from "./scratch.ts";
import { interruption } from "./signals.ts";
import { PsqlSession } from "./tools.ts";

export const PROOF = "proof.json";

const schema = z.strictObject({
  at: z.iso.datetime(),
  /** Undefined where all that was restored is as it was; else what is not. */
  problem: z.string().optional(),
  /** Seconds until both servers stood in the scratches, with all data: what a restore takes at least (RTO). */
  restoreSeconds: z.number(),
  /** Seconds between the last change that was recovered and the proof: what would have been lost (RPO). */
  lossSeconds: z.number(),
});

/** What came of restoring a backup into scratch servers. */
export type Proof = z.infer<typeof schema>;

/**
 * Restores a backup into scratch servers, and compares what is there with its manifest. The result is kept beside it.
 * @throws UserError where the backup can't be restored, or holds something else; that is kept, too. A key that does not
 *   fit and a scratch that fails say nothing of the backup, and are not kept
 */
export async function proveBackup(folder: string, key: string | undefined, openScratch: OpenScratch): Promise<Proof> {
  const at = new Date();
  const began = performance.now();
  try {
    const manifest = await readManifest(folder);
    await refuseDamage(folder, manifest, true);
    const restored = await both(
      inScratch("postgresql", openScratch, (scratch) => provePostgres(scratch, folder, manifest, key)),
      inScratch("mongodb", openScratch, (scratch) => proveMongo(scratch, folder, manifest, key)),
    );
    const lossSeconds = (at.getTime() - Date.parse(manifest.postgresql.consistentAt)) / 1000;
    const proof = { at: at.toISOString(), restoreSeconds: (Math.max(...restored) - began) / 1000, lossSeconds };
    await keep(folder, proof);
    return proof;
  } catch (error) {
    if (interruption.aborted) throw new UserError(`Stopped, as asked. The backup ${folder} stays, and was not judged.`);
    if (!(error instanceof UserError) || error instanceof KeyRefused || error instanceof NoScratch) throw error;
    await keepProblem(folder, error.message);
    throw error;
  }
}

/** @returns undefined where nobody tried, or what is there is no proof: whoever tries again writes another */
export async function readProof(folder: string): Promise<Proof | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, PROOF), "utf8")));
  } catch {
    return undefined;
  }
}

/** @throws UserError that lists each file that is not as it was written. @param thorough see `damageOf` */
export async function refuseDamage(folder: string, { files }: Manifest, thorough: boolean): Promise<void> {
  const damages = await Promise.all(Object.values(files).map((file) => damageOf(folder, file, thorough)));
  const found = damages.filter((damage) => damage !== undefined);
  if (found.length > 0) throw new UserError(`The backup ${folder} is damaged: ${listed(found)}.`);
}

/** Keeps in the place of a proof why a backup can't be restored: it counts as damaged from now on. */
export async function keepProblem(folder: string, problem: string): Promise<void> {
  await keep(folder, { at: new Date().toISOString(), problem, restoreSeconds: 0, lossSeconds: 0 });
}

async function keep(folder: string, proof: Proof): Promise<void> {
  const path = join(folder, PROOF);
  await writeFile(`${path}.new`, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600 });
  await sync(`${path}.new`);
  await giveToOwnerOf(folder, `${path}.new`);
  await rename(`${path}.new`, path);
}

/** A proof could not be made: that says nothing of the backup. */
class NoScratch extends UserError {}

/** MB below which a server's failure in a scratch may be for want of room. */
const ROOM = 100;
const ASK_ROOM = 'df --block-size=1MB --output=avail "${1%/*}" | tail -n 1';
/** Processes that the kernel has killed for want of memory, as its control groups of version 2 and 1 count them. */
const ASK_KILLS =
  "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null | sed -n 's/^oom_kill //p'";

/** @throws NoScratch where the scratch can't be had, is gone in the middle of the work, or wants room or memory */
async function inScratch<Result>(
  engine: ScratchEngine,
  openScratch: OpenScratch,
  act: (scratch: Scratch) => Promise<Result>,
): Promise<Result> {
  const scratch = await openScratch(engine).catch((error) => {
    throw new NoScratch(`There is no scratch to restore the backup into: ${messageOf(error)}`);
  });
  let killed: string | undefined;
  try {
    killed = await inFolder(scratch, ASK_KILLS);
    return await act(scratch);
  } catch (error) {
    const ask = (script: string) =>
      inFolder(scratch, script).catch(() => {
        throw new NoScratch(
          `The scratch into which the backup was restored is gone. The backup was not judged. ${messageOf(error)}`,
        );
      });
    if ((await ask(ASK_KILLS)) !== killed)
      throw new NoScratch(
        "The kernel killed a process that restored the backup, for want of memory. Prove one where there is more: npx trading-db backup --prove. The backup was not judged.",
      );
    const room = Number(await ask(ASK_ROOM));
    if (room > ROOM) throw error;
    throw new NoScratch(
      `There is no room to restore the backup into scratch servers: ${room} MB are left there. Free space, and prove it again. The backup was not judged.`,
    );
  } finally {
    await scratch.close();
  }
}

/** @returns when its server stood with all data, by `performance.now()` */
async function provePostgres(
  scratch: Scratch,
  folder: string,
  { files, postgresql }: Manifest,
  key: string | undefined,
): Promise<number> {
  await postgres.unpackBase(scratch, (target) => readArtefact(folder, files.postgresqlBase, key, target));
  await postgres.recover(scratch, { durable: false });
  await comparePostgres(scratch, postgresql);
  const restored = performance.now();
  await postgres.restoreDump(scratch, "proof", (target) => readArtefact(folder, files.postgresqlDump, key, target));
  const session = new PsqlSession(postgres.inScratch(scratch), "proof");
  const rows = await postgres.countRows(session).finally(() => session.end());
  refuseDifference("The dump of PostgreSQL", "row", rows, postgresql.rows, postgresql.rows);
  return restored;
}

/** @returns when its server stood with all data, by `performance.now()` */
async function proveMongo(
  scratch: Scratch,
  folder: string,
  { files, mongodb }: Manifest,
  key: string | undefined,
): Promise<number> {
  await mongo.startScratchServer(scratch);
  await mongo.restoreArchive(scratch, (target) => readArtefact(folder, files.mongodbDump, key, target));
  await compareMongo(scratch, mongodb);
  return performance.now();
}
