import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StackOutputs } from "../../outputs.ts";
import { UserError } from "../errors.ts";
import { listBackups, newestGood, pickBackup, type Backup } from "./catalog.ts";
import { refuseStopped } from "./generation.ts";
import { isAfter, LATEST } from "./logs.ts";
import { proveBackup, type Proof } from "./prove.ts";
import { prepareGeneration } from "./restore.ts";
import { dataPaths, scratchContainer, type OpenScratch } from "./scratch.ts";
import { forgetFormerGenerations, switchGenerations } from "./switch.ts";
import { takeBackup, type BackupSource } from "./take.ts";
import { toolsIn } from "./tools.ts";
import { clusterIn } from "./unfit.ts";

/** A stack whose databases are backed up, and where. */
export interface StackBackups {
  stack: string;
  outputs: StackOutputs;
  /** Folder of this stack's backups. */
  place: string;
  /** Identity of age; undefined does not encrypt, and opens nothing that is encrypted. Secret. */
  key: string | undefined;
  tell: (sentence: string) => void;
}

/** Where a stack's backups are. @param folder where the stack's own place is not meant */
export function placeOf(
  stack: string,
  { backups }: { backups?: { place: string } | null | undefined },
  folder?: string,
): string {
  return join(folder ?? backups?.place ?? "backups", stack);
}

/** Takes a backup with the servers' own tools in their containers. @returns its name */
export function backUp({ stack, outputs, place, key, tell }: StackBackups): Promise<string> {
  const { postgres, mongodb } = outputs;
  const source: BackupSource = {
    stack,
    installation: outputs.installation,
    postgresql: { tools: toolsIn(postgres.container, ["PGUSER=postgres"]), database: postgres.database },
    mongodb: {
      tools: toolsIn(mongodb.container),
      user: "admin",
      password: mongodb.adminPassword,
      database: mongodb.database,
    },
    key,
  };
  return takeBackup(source, place, tell);
}

/** Proves a backup in scratch containers; a proven one makes the generations before the last restore dispensable. */
export async function prove({ outputs, place, key, tell }: StackBackups, name: string): Promise<Proof> {
  tell("restoring the backup into scratch servers, and comparing");
  const proof = await proveBackup(join(place, name), key, inContainers(outputs));
  const removed = await forgetFormerGenerations(outputs, name);
  if (removed > 0) tell("removed the data that the last restore had put aside");
  return proof;
}

/**
 * Restores both databases from a backup of this stack, or rolls them to a time.
 * @param name of the backup @default the newest proven one that is old enough
 * @param to ISO 8601, or `latest` @default as they were backed up
 * @param adopt whether the backup may be of another cluster
 */
export async function restore(
  { outputs, place, key, tell }: StackBackups,
  name: string | undefined,
  to: string | undefined,
  adopt = false,
): Promise<Backup> {
  const time = to === undefined || to === LATEST ? to : parseTime(to);
  const all = await listBackups(place);
  const backups = adopt && name === undefined ? await ofOthers(all, outputs.postgres) : all;
  const backup = pickBackup(name === undefined ? oldEnough(backups, time) : backups, place, name);
  if (isAfter(backup, time)) {
    const { endedAt } = backup.manifest!;
    throw new UserError(
      `The backup ${backup.name} was whole at ${endedAt}, and can't be brought back to ${time}. Leave its name out to take an older one.`,
    );
  }
  await prepareGeneration({
    place,
    backup,
    key,
    ...(time !== undefined && { to: time }),
    targets: {
      postgresql: { image: outputs.postgres.image, dataVolume: outputs.postgres.dataVolume },
      mongodb: { image: outputs.mongodb.image, dataVolume: outputs.mongodb.dataVolume },
    },
    adminPassword: outputs.mongodb.adminPassword,
    adopt,
    tell,
  }).catch(refuseStopped);
  tell("switching to what was restored");
  await switchGenerations(outputs);
  return backup;
}

/** @returns the time in UTC, as every server understands it */
function parseTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) {
    throw new UserError(`"${text}" is no time. Write it as 2026-11-27T14:03:00Z, or ${LATEST}.`);
  }
  if (time.getTime() > Date.now())
    throw new UserError(`${text} has not come yet. Choose a time that has passed, or ${LATEST}.`);
  return time.toISOString();
}

/**
 * Who adopts does not mean what the cluster that is here, new and empty, has taken of itself by its schedule.
 * @throws UserError where the one that is here is not new: then the other may be the empty one
 */
async function ofOthers(backups: Backup[], { image, dataVolume }: StackOutputs["postgres"]): Promise<Backup[]> {
  const path = dataPaths.postgresql;
  const scratch = await scratchContainer(image, `${path}/look`, [`${dataVolume}:${path}`]);
  const here = await clusterIn(scratch).finally(() => scratch.close());
  const [own = [], others = []] = [true, false].map((isOwn) =>
    backups.filter(({ manifest }) => (manifest?.postgresql.systemIdentifier === here) === isOwn),
  );
  const good = newestGood(others);
  if (good === undefined) return backups;
  if (own.every(({ name }) => name > good.name)) return others;
  throw new UserError(
    `There are backups of the cluster that is here, and of others; the newest good one of those is ${good.name} (${good.state}). Name the one that is meant.`,
  );
}

/** A backup can be rolled forward, and not back. */
function oldEnough(backups: Backup[], time: string | undefined): Backup[] {
  const fitting = backups.filter((backup) => !isAfter(backup, time));
  if (backups.length === 0 || fitting.some(({ state }) => state !== "damaged")) return fitting;
  const oldest = backups.at(-1)!.manifest?.endedAt;
  throw new UserError(
    `No good backup is older than ${time}${oldest === undefined ? "" : `: the oldest was whole at ${oldest}`}. Choose a later time.`,
  );
}

function inContainers({ postgres, mongodb }: StackOutputs): OpenScratch {
  const images = { postgresql: postgres.image, mongodb: mongodb.image };
  return (engine) => scratchContainer(images[engine], `${dataPaths[engine]}/scratch`);
}

/** The key in a file, as age-keygen writes it. @throws UserError where there is none */
export async function readKey(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new UserError(`The key file ${file} can't be read.`);
  });
  const [key] = /AGE-SECRET-KEY-[A-Z0-9-]+/.exec(text) ?? [];
  if (key === undefined) throw new UserError(`${file} holds no key of age (AGE-SECRET-KEY-...).`);
  return key;
}
