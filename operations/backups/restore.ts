import { createReadStream } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { UserError } from "../errors.ts";
import { readArtefact } from "./artefact.ts";
import { both } from "./both.ts";
import { listBackups, offer, type Backup } from "./catalog.ts";
import { compareMongo, comparePostgres } from "./compare.ts";
import { clear, makeGeneration, refuseFull, type RestoreTarget } from "./generation.ts";
import type { Manifest } from "./manifest.ts";
import * as mongo from "./mongodb.ts";
import { slicesTo, type Slice } from "./oplog.ts";
import * as postgres from "./postgresql.ts";
import { refuseDamage } from "./prove.ts";
import { inFolder, type Scratch, type ScratchEngine } from "./scratch.ts";
import { feed, run, start } from "./tools.ts";
import { historyFiles, walAfter } from "./wal.ts";

/** Takes the place of a time: to the end of the archived log and oplog. */
export const LATEST = "latest";

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
  const { place, backup, targets, tell } = request;
  const manifest = backup.manifest!;
  tell("reading every byte of the backup");
  await refuseDamage(backup.folder, manifest, true).catch(async (error: UserError) => {
    const others = (await listBackups(place)).filter(({ name }) => name !== backup.name);
    throw new UserError(error.message + offer(others));
  });
  const logs = await chooseLogs(request, manifest);
  const servers = [
    ["postgresql", targets.postgresql],
    ["mongodb", targets.mongodb],
  ] as const;
  await makeGeneration(servers, async (results, configs) => {
    await refuseOtherMajor(results, "postgres", manifest.postgresql.version);
    await refuseOtherMajor(configs, "mongod", manifest.mongodb.version);
    if (!request.adopt) await refuseOtherCluster(results, backup);
    for (const scratch of [results, configs]) await clear(scratch);
    await both(
      restorePostgres(request, manifest, logs, results).catch((error) => refuseFull(error, targets.postgresql)),
      restoreMongo(request, manifest, logs, configs).catch((error) => refuseFull(error, targets.mongodb)),
    );
  });
}

/** What of the archives a restore replays. */
interface Logs {
  /** Files of PostgreSQL's log, in their order. */
  wal: { folder: string; file: string }[];
  /** What to say where a segment is missing behind them. */
  gap: string | undefined;
  /** Slices of MongoDB's oplog, in their order. */
  oplog: Slice[];
}

/** @throws UserError where the archives do not lead to the time that is wanted, as far as that can be known before */
async function chooseLogs({ place, to }: RestoreRequest, { postgresql, mongodb }: Manifest): Promise<Logs> {
  // Whatever is replayed, the new timeline must not get the number of one that was archived.
  const histories = await historyFiles(place, postgresql);
  if (to === undefined) return { wal: histories, gap: undefined, oplog: [] };
  const { segments, missing } = await walAfter(place, postgresql);
  const gap = missing && gapWords(missing, to);
  if (gap !== undefined && to === LATEST) throw new UserError(gap);
  return {
    wal: [...histories, ...segments],
    gap,
    oplog: await slicesTo(place, mongodb, to === LATEST ? undefined : to),
  };
}

async function restorePostgres(
  request: RestoreRequest,
  { files, postgresql }: Manifest,
  { wal, gap }: Logs,
  scratch: Scratch,
): Promise<void> {
  const { backup, key, to, tell } = request;
  tell("restoring PostgreSQL beside the data that are in use");
  await postgres.unpackBase(scratch, (target) => readArtefact(backup.folder, files.postgresqlBase, key, target));
  const recovery = { wal: await bringLog(request, wal, scratch), durable: true };
  const target = to === undefined || to === LATEST ? {} : { to };
  await postgres.recover(scratch, { ...recovery, ...target }).catch((error: UserError) => {
    throw gap !== undefined && /log ends before/.test(error.message) ? new UserError(gap) : error;
  });
  if (to === undefined) await comparePostgres(scratch, postgresql);
  await postgres.stopServer(scratch);
}

function gapWords(missing: string, to: string): string {
  return (
    `The segment ${missing} of PostgreSQL's archived log is missing, and without it nothing leads to ${to}. ` +
    "Choose a time before it, or a backup after it."
  );
}

async function restoreMongo(
  { backup, key, to, tell, adminPassword }: RestoreRequest,
  { files, mongodb }: Manifest,
  { oplog }: Logs,
  scratch: Scratch,
): Promise<void> {
  tell("restoring MongoDB beside the data that are in use");
  await mongo.startScratchServer(scratch);
  await mongo.restoreArchive(scratch, (target) => readArtefact(backup.folder, files.mongodbDump, key, target));
  // The oplog is cut at whole seconds.
  const before = to === undefined || to === LATEST ? undefined : Math.ceil(Date.parse(to) / 1000);
  for (const { folder, file } of oplog) {
    await mongo.replayOplog(scratch, before, (target) => readArtefact(folder, { name: file }, key, target));
  }
  if (to === undefined) await compareMongo(scratch, mongodb);
  await mongo.makeOwn(scratch, adminPassword);
  await mongo.stopScratchServer(scratch);
}

/** Puts archived files that a recovery may ask for into a folder of the scratch. @returns the folder */
async function bringLog(
  request: RestoreRequest,
  files: { folder: string; file: string }[],
  scratch: Scratch,
): Promise<string> {
  const script = 'mkdir -m 0700 "$1.wal"; cd "$1.wal"; while read -r name bytes; do head -c "$bytes" >"$name"; done';
  await feed(start(scratch.tools, ["bash", "-euc", script, "receive", scratch.folder]), async (target) => {
    await pipeline(async function* () {
      for (const file of files) {
        const content = await readLogFile(request, file);
        yield `${nameIn(file)} ${content.length}\n`;
        yield content;
      }
    }, target);
  });
  return `${scratch.folder}.wal`;
}

/** At most one segment. What is still written is neither compressed nor encrypted. */
async function readLogFile(
  request: RestoreRequest,
  { folder, file }: { folder: string; file: string },
): Promise<Buffer> {
  const { place, backup, key } = request;
  try {
    if (!/\.zst(\.age)?$/.test(file)) return await buffer(createReadStream(join(folder, file)));
    const content = new PassThrough();
    const [bytes] = await Promise.all([buffer(content), readArtefact(folder, { name: file }, key, content)]);
    return bytes;
  } catch (error) {
    // A segment that was still written when it was chosen may be whole, and archived, by now.
    const { segments } = await walAfter(place, backup.manifest!.postgresql);
    const moved = segments.find(({ name }) => name === nameIn({ file }));
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || moved === undefined || moved.file === file) throw error;
    return readLogFile(request, moved);
  }
}

/** What the server calls an archived file. */
function nameIn({ file }: { file: string }): string {
  return file.replace(/(\.partial|\.zst(\.age)?)$/, "");
}

async function refuseOtherMajor({ tools }: Scratch, server: "postgres" | "mongod", made: string): Promise<void> {
  const found = /\d+(\.\d+)+/.exec(await run(tools, [server, "--version"]))![0];
  if (found.split(".")[0] === made.split(".")[0]) return;
  const [name, way] = server === "postgres" ? ["PostgreSQL", "postgresql.dump"] : ["MongoDB", "mongodb.archive"];
  throw new UserError(
    `The backup was made by ${name} ${made}, and this stack runs ${name} ${found}. Nothing was touched. ` +
      `Run the major version ${made.split(".")[0]}, or load ${way} of the backup into this one: see docs/operations.md`,
  );
}

async function refuseOtherCluster(scratch: Scratch, { name, manifest }: Backup): Promise<void> {
  const script = '[ ! -e "${1%/*}/current" ] || pg_controldata "${1%/*}/current"';
  const [, found] = /Database system identifier: +(\d+)/.exec(await inFolder(scratch, script)) ?? [];
  const { systemIdentifier } = manifest!.postgresql;
  if (found === undefined || found === systemIdentifier) return;
  throw new UserError(
    `The backup ${name} is of another PostgreSQL cluster (${systemIdentifier}) than the one that is here (${found}). ` +
      `Nothing was touched. To get its data beside these: npx trading-db clone NAME ${name}`,
  );
}
