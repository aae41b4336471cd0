import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../migrator/errors.ts";
import type { StackOutputs } from "../../outputs.ts";
import { UserError } from "../errors.ts";
import { clear, makeGeneration, refuseFull, refuseStopped } from "./generation.ts";
import * as mongo from "./mongodb.ts";
import type { Scratch } from "./scratch.ts";
import { switchGenerations } from "./switch.ts";
import { feed, start } from "./tools.ts";

/** What mongodump makes: a file by `--archive`, or a folder by `--out`; either with or without `--gzip` and `--oplog`. */
interface Dump {
  path: string;
  isFolder: boolean;
  isCompressed: boolean;
}

/**
 * Puts MongoDB to what a dump of mongodump holds, in a new generation as any restore does; PostgreSQL stays as it is.
 * @returns collections by their full names, and their numbers of documents
 * @throws UserError where it is none, or does not hold the stack's database: before anything is touched
 */
export async function restoreMongodump(
  outputs: StackOutputs,
  path: string,
  tell: (sentence: string) => void,
): Promise<Record<string, number>> {
  const dump = await lookAt(path);
  const { image, dataVolume, database, adminPassword } = outputs.mongodb;
  const target = { image, dataVolume };
  const documents = await makeGeneration([["mongodb", target]], async (scratch) => {
    await clear(scratch);
    tell("restoring MongoDB beside the data that are in use");
    await mongo.startScratchServer(scratch);
    await bring(dump, scratch);
    const { documents } = await mongo.scratchFacts(scratch, database);
    refuseOtherDatabase(path, database, Object.keys(documents));
    await mongo.makeOwn(scratch, adminPassword);
    await mongo.stopScratchServer(scratch);
    return documents;
  })
    .catch((error) => refuseFull(error, target))
    .catch(refuseStopped);
  tell("switching to what was restored");
  await switchGenerations(outputs, ["mongodb"]);
  return documents;
}

async function lookAt(path: string): Promise<Dump> {
  const facts = await stat(path).catch(() => {
    throw new UserError(`There is no dump ${path}.`);
  });
  try {
    if (facts.isDirectory()) {
      const files = await readdir(path, { recursive: true });
      return { path, isFolder: true, isCompressed: files.some((file) => file.endsWith(".bson.gz")) };
    }
    const file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close());
    return { path, isFolder: false, isCompressed: buffer.readUInt16BE() === GZIP };
  } catch (error) {
    throw new UserError(`The dump ${path} can't be read: ${messageOf(error)}.`);
  }
}

/** Every file that gzip made begins so (RFC 1952). */
const GZIP = 0x1f8b;

async function bring(dump: Dump, scratch: Scratch): Promise<void> {
  if (dump.isFolder) await copyFolder(dump.path, scratch);
  try {
    await restoreOnce(dump, scratch, true);
  } catch (error) {
    // It says so before it restores anything, and there is no other way to ask it.
    if (!/no oplog file to replay/.test(messageOf(error))) throw error;
    await restoreOnce(dump, scratch, false);
  }
}

async function restoreOnce({ path, isFolder, isCompressed }: Dump, scratch: Scratch, hasOplog: boolean): Promise<void> {
  const options = [...(isCompressed ? ["--gzip"] : []), ...(hasOplog ? ["--oplogReplay"] : [])];
  const from = isFolder ? `--dir=${scratch.folder}.dump` : "--archive";
  const tool = mongo.restoreTool(scratch, [...options, from]);
  await feed(tool, (target) => (isFolder ? endOf(target) : pipeline(createReadStream(path), target)));
  // It goes on through what a server refuses, and ends well.
  const said = await tool.ended;
  const [, failed = "0"] = /(\d+) document\(s\) failed to restore/.exec(said) ?? [];
  if (failed === "0") return;
  const [, reason = ""] = /continuing through error: (.+)/.exec(said) ?? [];
  throw new UserError(`${failed} documents of ${path} can't be restored: ${reason}. Nothing was changed.`);
}

/** Through tar, as `docker cp` would: it can't write where a container's root is read-only. */
async function copyFolder(path: string, scratch: Scratch): Promise<void> {
  const tar = start([], ["tar", "--create", "--directory", path, "."]);
  const untar = start(scratch.tools, ["bash", "-euc", 'mkdir "$1"; tar -xC "$1"', "copy", `${scratch.folder}.dump`]);
  await feed(untar, (target) => pipeline(tar.stdout, target));
  await tar.ended;
}

const endOf = async (target: Writable) => void target.end();

function refuseOtherDatabase(path: string, database: string, collections: string[]): void {
  const found = [...new Set(collections.map((name) => name.split(".")[0]!))];
  if (found.includes(database)) return;
  const what = found.length === 0 ? "no data" : `${found.join(", ")} alone`;
  throw new UserError(`${path} does not hold the database ${database}: it has ${what}. Nothing was changed.`);
}
