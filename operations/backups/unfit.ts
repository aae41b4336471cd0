import { join } from "node:path";
import { UserError } from "../errors.ts";
import { opens } from "./artefact.ts";
import type { Backup } from "./catalog.ts";
import { inFolder, type Scratch } from "./scratch.ts";
import { run } from "./tools.ts";

/** A backup can't be restored as it is asked for, and another one may: whoever catches it offers that. */
export class Unfit extends UserError {}

/** What is here, and a backup has to fit. */
export interface Here {
  /** Identity of age that opens what is encrypted. Secret. */
  key: string | undefined;
  /** Versions of the servers. */
  postgresql: string;
  mongodb: string;
  /** PostgreSQL's cluster; undefined where there is none, or any other will do. */
  systemIdentifier: string | undefined;
}

/** @param adopt whether the backup may be of another cluster */
export async function lookHere(
  results: Scratch,
  configs: Scratch,
  { key, adopt }: { key: string | undefined; adopt: boolean },
): Promise<Here> {
  const [postgresql, mongodb] = [await versionIn(results, "postgres"), await versionIn(configs, "mongod")];
  return { key, postgresql, mongodb, systemIdentifier: adopt ? undefined : await clusterIn(results) };
}

/** Identifier of the PostgreSQL cluster beside a scratch's folder; undefined where there is none. */
export async function clusterIn(scratch: Scratch): Promise<string | undefined> {
  const script = '[ ! -e "${1%/*}/current" ] || pg_controldata "${1%/*}/current"';
  return /Database system identifier: +(\d+)/.exec(await inFolder(scratch, script))?.[1];
}

/** @throws Unfit where the key does not open a backup, or it is of other servers than those that are here */
export async function refuseUnfit(backup: Backup, here: Here): Promise<void> {
  const { postgresql, mongodb } = backup.manifest!;
  await refuseOtherKey(backup, here.key);
  refuseOtherMajor(backup.name, "PostgreSQL", "postgresql.dump", postgresql.version, here.postgresql);
  refuseOtherMajor(backup.name, "MongoDB", "mongodb.archive", mongodb.version, here.mongodb);
  refuseOtherCluster(backup.name, postgresql.systemIdentifier, here.systemIdentifier);
}

/** @throws Unfit where a backup is encrypted, and not for this key */
export async function refuseOtherKey({ name, folder, manifest }: Backup, key: string | undefined): Promise<void> {
  if (!manifest!.encrypted) return;
  if (key === undefined)
    throw new Unfit(`The backup ${name} is encrypted, and there is no key. Name the file that holds it with --key.`);
  if (await opens(join(folder, manifest!.files.mongodbDump.name), key)) return;
  throw new Unfit(`The key does not open the backup ${name}. Name the file that holds the right one with --key.`);
}

function refuseOtherMajor(name: string, server: string, file: string, made: string, here: string): void {
  const [major] = made.split(".");
  if (here.split(".")[0] === major) return;
  throw new Unfit(
    `The backup ${name} was made by ${server} ${made}, and this stack runs ${server} ${here}. Nothing was touched. ` +
      `Run the major version ${major}, or load ${file} of the backup into this one (see docs/operations.md).`,
  );
}

function refuseOtherCluster(name: string, made: string, here: string | undefined): void {
  if (here === undefined || here === made) return;
  throw new Unfit(
    `The backup ${name} is of another PostgreSQL cluster (${made}) than the one that is here (${here}). ` +
      `Nothing was touched. "npx trading-db clone NAME ${name}" gets its data beside these.`,
  );
}

async function versionIn({ tools }: Scratch, server: "postgres" | "mongod"): Promise<string> {
  return /\d+(\.\d+)+/.exec(await run(tools, [server, "--version"]))![0];
}
