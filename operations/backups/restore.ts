import { pipeline } from "node:stream/promises";
import { UserError } from "../errors.ts";
import { readArtefact } from "./artefact.ts";
import { both } from "./both.ts";
import { bringLog, refuseDamagedLog } from "./bringLog.ts";
import { listBackups, offerInstead, type Backup } from "./catalog.ts";
import { compareMongo, comparePostgres } from "./compare.ts";
import { clear, makeGeneration, refuseFull, type RestoreTarget } from "./generation.ts";
import { chooseLogs, isAfter, LATEST, type Logs } from "./logs.ts";
import type { Manifest } from "./manifest.ts";
import * as mongo from "./mongodb.ts";
import { OplogEnd } from "./mongoArchive.ts";
import { entriesAfter } from "./oplogEntries.ts";
import * as postgres from "./postgresql.ts";
import { keepProblem, refuseDamage } from "./prove.ts";
import type { Scratch, ScratchEngine } from "./scratch.ts";
import { lookHere, refuseUnfit, Unfit, type Here } from "./unfit.ts";

export interface RestoreRequest {
  /** Where backups, log and oplog are. */
  place: string;
  backup: Backup;
  /** Time to which both databases are rolled forward, ISO 8601, or `latest`. @default as they were backed up */
  to?: string;
  /** Identity of age, where the backup is encrypted. Secret. */
  key: string | undefined;
  targets: Record<ScratchEngine, RestoreTarget>;
  /** Password that MongoDB's `admin` gets. Secret. */
  adminPassword: string;
  /** Whether the backup may be of another cluster than the one that is there. */
  adopt: boolean;
  tell: (sentence: string) => void;
}

/**
 * Makes a new generation of both databases beside the one that is in use, and checks it. The servers go on meanwhile.
 * `switchGenerations` puts it in the place of the old one.
 * @throws UserError where the backup does not fit or is damaged: before anything is touched
 */
export async function prepareGeneration(request: RestoreRequest): Promise<void> {
  const { place, backup, to, targets, tell } = request;
  const manifest = backup.manifest!;
  const servers = [
    ["postgresql", targets.postgresql],
    ["mongodb", targets.mongodb],
  ] as const;
  let here: Here;
  await makeGeneration(servers, async (results, configs) => {
    here = await lookHere(results, configs, request);
    await refuseUnfit(backup, here);
    const logs = await chooseLogs(place, backup, to);
    tell("reading every byte of the backup");
    await refuseDamage(backup.folder, manifest, true).catch(async (error) => {
      if (!(error instanceof UserError)) throw error;
      // Nobody reads every byte only to list backups. Where it can't be kept, it is told all the same.
      await keepProblem(backup.folder, error.message).catch(() => {});
      throw new Unfit(error.message);
    });
    for (const scratch of [results, configs]) await clear(scratch);
    await both(
      restorePostgres(request, manifest, logs, results).catch((error) => refuseFull(error, targets.postgresql)),
      restoreMongo(request, manifest, logs, configs).catch((error) => refuseFull(error, targets.mongodb)),
    );
  }).catch(async (error) => {
    if (!(error instanceof Unfit)) throw error;
    throw new UserError(error.message + offerInstead(await fittingBeside(request, here)));
  });
}

/** The other backups that could be restored in the place of one that could not, the newest first. */
async function fittingBeside({ place, backup, to }: RestoreRequest, here: Here): Promise<Backup[]> {
  const others = (await listBackups(place)).filter((other) => other.state !== "damaged" && !isAfter(other, to));
  const fit = async (other: Backup) => {
    await refuseUnfit(other, here);
    return (await chooseLogs(place, other, to)).gap === undefined;
  };
  const fits = await Promise.all(others.map((other) => other.name !== backup.name && fit(other).catch(() => false)));
  return others.filter((_other, index) => fits[index]);
}

async function restorePostgres(
  request: RestoreRequest,
  { files, postgresql }: Manifest,
  logs: Logs,
  scratch: Scratch,
): Promise<void> {
  const { backup, key, to, tell } = request;
  tell("restoring PostgreSQL beside the data that are in use");
  await postgres.unpackBase(scratch, (target) => readArtefact(backup.folder, files.postgresqlBase, key, target));
  const { wal, gap } = await bringLog(request, logs, scratch);
  const target = to === undefined || to === LATEST ? {} : { to };
  await postgres.recover(scratch, { wal, durable: true, ...target }).catch((error: UserError) => {
    throw gap !== undefined && /log ends before/.test(error.message) ? gap : error;
  });
  if (to === undefined) await comparePostgres(scratch, postgresql);
  await postgres.stopServer(scratch);
}

async function restoreMongo(
  { backup, key, to, tell, adminPassword }: RestoreRequest,
  { files, mongodb }: Manifest,
  { oplog }: Logs,
  scratch: Scratch,
): Promise<void> {
  tell("restoring MongoDB beside the data that are in use");
  await mongo.startScratchServer(scratch);
  const dump = new OplogEnd();
  await mongo.restoreArchive(scratch, async (target) => {
    await both(readArtefact(backup.folder, files.mongodbDump, key, dump), pipeline(dump, target));
  });
  // The oplog is cut at whole seconds.
  const before = to === undefined || to === LATEST ? undefined : Math.ceil(Date.parse(to) / 1000);
  const after = dump.position ?? mongodb.oplog;
  for (const { folder, file } of oplog) {
    const replay = mongo.replayOplog(scratch, before, async (target) => {
      const entries = entriesAfter(after);
      // The first one's error names the file.
      await both(readArtefact(folder, { name: file }, key, entries), pipeline(entries, target));
    });
    await replay.catch((error) => refuseDamagedLog(error, backup, to!));
  }
  if (to === undefined) await compareMongo(scratch, mongodb);
  await mongo.makeOwn(scratch, adminPassword);
  await mongo.stopScratchServer(scratch);
}
