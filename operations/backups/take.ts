import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { UserError } from "../errors.ts";
import { sync, writeArtefact } from "./artefact.ts";
import { both } from "./both.ts";
import { writeManifest, type Manifest } from "./manifest.ts";
import * as mongo from "./mongodb.ts";
import { giveToOwnerOf } from "./owner.ts";
import * as postgres from "./postgresql.ts";
import { interruption, reasonOf } from "./signals.ts";
import { PsqlSession, run, type Tools } from "./tools.ts";

/** Whose databases are backed up, and how their servers are reached. */
export interface BackupSource {
  stack: string;
  /** Identity of the stack's state. */
  installation: string;
  /** Tools that reach PostgreSQL as somebody who may read and copy everything. */
  postgresql: { tools: Tools; database: string };
  mongodb: mongo.MongoReader & { database: string };
  /** Identity of age that files are encrypted for; undefined does not encrypt. Secret. */
  key: string | undefined;
}

/** Marks what a backup that has not ended yet, or never will, writes into. */
export const UNFINISHED = ".unfinished";

/**
 * Backs up both databases into a new folder of a place: a base backup and a dump of PostgreSQL, a dump of MongoDB, and a
 * manifest. The folder gets its name when all of it is on the disk; what killed runs left is removed.
 *
 * @param tell gets what is done next
 * @returns name of the new folder, the time of its beginning: `2026-11-28T14-03-22-000Z`
 * @throws UserError where anything failed: then nothing is kept
 */
export async function takeBackup(
  source: BackupSource,
  place: string,
  tell: (sentence: string) => void = () => {},
): Promise<string> {
  const startedAt = new Date().toISOString();
  const name = startedAt.replaceAll(/[:.]/g, "-");
  const unfinished = join(place, `${name}${UNFINISHED}`);
  const session = new PsqlSession(source.postgresql.tools, source.postgresql.database);
  try {
    await postgres.lockBackups(session);
    await sweep(place);
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    await writeManifest(unfinished, await copyAll(source, session, unfinished, startedAt, tell));
    await sync(unfinished);
    interruption.throwIfAborted();
    await giveToOwnerOf(place, unfinished);
    await rename(unfinished, join(place, name));
    await sync(place);
    return name;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw new UserError(`${wordsOf(error, place)} No backup was kept.`);
  } finally {
    await session.end();
  }
}

/** Whoever holds the lock knows that nobody else is writing here. */
async function sweep(place: string): Promise<void> {
  const names = await readdir(place).catch(() => []);
  const left = names.filter((name) => name.endsWith(UNFINISHED));
  await Promise.all(left.map((name) => rm(join(place, name), { recursive: true })));
}

async function copyAll(
  { stack, installation, postgresql, mongodb, key }: BackupSource,
  session: PsqlSession,
  folder: string,
  startedAt: string,
  tell: (sentence: string) => void,
): Promise<Manifest> {
  const files: Partial<Manifest["files"]> = {};
  const store: Store = (which, file) => async (content) => {
    files[which] = await writeArtefact(folder, file, content, key);
  };
  const [results, configs] = await both(
    copyPostgres(postgresql, session, store, tell),
    copyMongo(mongodb, store, tell),
  );
  const [pgBasebackup, pgDump, mongodump] = await Promise.all([
    versionOf(postgresql.tools, "pg_basebackup"),
    versionOf(postgresql.tools, "pg_dump"),
    versionOf(mongodb.tools, "mongodump"),
  ]);
  return {
    format: 1,
    stack,
    installation,
    startedAt,
    endedAt: new Date().toISOString(),
    encrypted: key !== undefined,
    postgresql: results,
    mongodb: configs,
    tools: { pg_basebackup: pgBasebackup, pg_dump: pgDump, mongodump },
    files: files as Manifest["files"],
  };
}

/** What reads a tool's output into a file of the backup. */
type Store = (which: keyof Manifest["files"], file: string) => (content: Readable) => Promise<void>;

async function copyPostgres(
  { tools, database }: BackupSource["postgresql"],
  session: PsqlSession,
  store: Store,
  tell: (sentence: string) => void,
): Promise<Manifest["postgresql"]> {
  tell("copying PostgreSQL");
  const facts = await postgres.clusterFacts(session);
  const writtenBefore = await postgres.writtenRows(session);
  const rowsBefore = await postgres.countRows(session);
  const { wal } = await postgres.baseBackup(tools, store("postgresqlBase", "postgresql-base.tar"));
  const [consistentAt] = await session.ask("SELECT to_json(clock_timestamp() AT TIME ZONE 'UTC') #>> '{}' || 'Z'");
  tell(`dumping ${database}`);
  await postgres.dumpRoles(tools, store("postgresqlRoles", "postgresql-roles.sql"));
  const rows = await postgres.dump(tools, session, database, store("postgresqlDump", "postgresql.dump"));
  const written = Object.entries(await postgres.writtenRows(session));
  const rowsWritten = Object.fromEntries(
    written.map(([name, rows]) => [name, Math.max(0, rows - (writtenBefore[name] ?? 0))]),
  );
  return { ...facts, database, wal, consistentAt: consistentAt!, rowsBefore, rows, rowsWritten };
}

async function copyMongo(
  mongodb: BackupSource["mongodb"],
  store: Store,
  tell: (sentence: string) => void,
): Promise<Manifest["mongodb"]> {
  tell("dumping MongoDB");
  const before = await mongo.mongoFacts(mongodb, mongodb.database);
  await mongo.dump(mongodb, store("mongodbDump", "mongodb.archive"));
  const after = await mongo.mongoFacts(mongodb, mongodb.database);
  const { version, featureCompatibilityVersion, replicaSetId, schemaVersion, documents, indexes } = after;
  return {
    ...{ version, featureCompatibilityVersion, replicaSetId, database: mongodb.database, schemaVersion },
    // The dump's own end, which stands in it, is later than this, and earlier than the last entry now.
    oplog: before.oplog,
    ...{ documentsBefore: before.documents, documents, indexesBefore: before.indexes, indexes },
  };
}

async function versionOf(tools: Tools, tool: string): Promise<string> {
  return /\d+(\.\d+)+/.exec(await run(tools, [tool, "--version"]))?.[0] ?? "unknown";
}

function wordsOf(error: unknown, place: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC") return `The disk that holds ${place} is full. Free space on it, or name another folder.`;
  if (code === "EACCES")
    return `The folder ${place} can't be written by this user. Name another folder, or give it to this user.`;
  return reasonOf(error);
}
