import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { listed } from "../../migrator/errors.ts";
import { UserError } from "../errors.ts";
import { damageOf, KeyRefused, readArtefact, sync } from "./artefact.ts";
import { both } from "./both.ts";
import { compareMongo, comparePostgres, refuseDifference } from "./compare.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import * as mongo from "./mongodb.ts";
import { giveToOwnerOf } from "./owner.ts";
import * as postgres from "./postgresql.ts";
import type { OpenScratch } from "./scratch.ts";
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
 * @throws UserError where the backup can't be restored, or holds something else; that is kept, too
 */
export async function proveBackup(folder: string, key: string | undefined, openScratch: OpenScratch): Promise<Proof> {
  const at = new Date();
  const began = performance.now();
  try {
    const manifest = await readManifest(folder);
    await refuseDamage(folder, manifest, true);
    const seconds = await both(
      provePostgres(folder, manifest, key, openScratch, began),
      proveMongo(folder, manifest, key, openScratch, began),
    );
    const lossSeconds = (at.getTime() - Date.parse(manifest.postgresql.consistentAt)) / 1000;
    const proof = { at: at.toISOString(), restoreSeconds: Math.max(...seconds), lossSeconds };
    await keep(folder, proof);
    return proof;
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof KeyRefused) throw error;
    await keep(folder, { at: at.toISOString(), problem: error.message, restoreSeconds: 0, lossSeconds: 0 });
    throw error;
  }
}

/** @returns undefined where nobody tried */
export async function readProof(folder: string): Promise<Proof | undefined> {
  const text = await readFile(join(folder, PROOF), "utf8").catch(() => undefined);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/** @throws UserError that lists each file that is not as it was written. @param thorough see `damageOf` */
export async function refuseDamage(folder: string, { files }: Manifest, thorough: boolean): Promise<void> {
  const damages = await Promise.all(Object.values(files).map((file) => damageOf(folder, file, thorough)));
  const found = damages.filter((damage) => damage !== undefined);
  if (found.length > 0) throw new UserError(`The backup ${folder} is damaged: ${listed(found)}.`);
}

async function keep(folder: string, proof: Proof): Promise<void> {
  const path = join(folder, PROOF);
  await writeFile(`${path}.new`, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600 });
  await sync(`${path}.new`);
  await giveToOwnerOf(folder, `${path}.new`);
  await rename(`${path}.new`, path);
}

async function provePostgres(
  folder: string,
  { files, postgresql }: Manifest,
  key: string | undefined,
  openScratch: OpenScratch,
  began: number,
): Promise<number> {
  const scratch = await openScratch("postgresql");
  try {
    await postgres.unpackBase(scratch, (target) => readArtefact(folder, files.postgresqlBase, key, target));
    await postgres.recover(scratch, { durable: false });
    await comparePostgres(scratch, postgresql);
    const seconds = (performance.now() - began) / 1000;
    await postgres.restoreDump(scratch, "proof", (target) => readArtefact(folder, files.postgresqlDump, key, target));
    const session = new PsqlSession(postgres.inScratch(scratch), "proof");
    const rows = await postgres.countRows(session).finally(() => session.end());
    refuseDifference("The dump of PostgreSQL", "row", rows, postgresql.rows, postgresql.rows);
    return seconds;
  } finally {
    await scratch.close();
  }
}

async function proveMongo(
  folder: string,
  { files, mongodb }: Manifest,
  key: string | undefined,
  openScratch: OpenScratch,
  began: number,
): Promise<number> {
  const scratch = await openScratch("mongodb");
  try {
    await mongo.startScratchServer(scratch);
    await mongo.restoreArchive(scratch, (target) => readArtefact(folder, files.mongodbDump, key, target));
    await compareMongo(scratch, mongodb);
    return (performance.now() - began) / 1000;
  } finally {
    await scratch.close();
  }
}
