import type { Readable, Writable } from "node:stream";
import type { Scratch } from "./scratch.ts";
import { feed, run, start, type Running, type Tools } from "./tools.ts";

/** Who reads a server. */
export interface MongoReader {
  tools: Tools;
  user: string;
  /** Secret. */
  password: string;
}

/** In the oplog: seconds since 1970, and an ordinal within the second. */
export interface Position {
  t: number;
  i: number;
}

export interface OplogStanding {
  /** "" where the server is of no set. */
  replicaSetId: string;
  /** Last entry of the oplog; zeros where there is none. */
  oplog: Position;
  /** First entry that it still has. */
  oplogStart: Position;
}

export interface MongoFacts extends OplogStanding {
  version: string;
  featureCompatibilityVersion: string;
  schemaVersion: string;
  /** Documents and indexes of each collection, by `database.collection`. */
  documents: Record<string, number>;
  indexes: Record<string, number>;
}

/** The name of the service on every network: members of the set know each other by it. */
const HOST = "mongodb";
/** Of scratch servers: nothing may take one for the real one. */
const SCRATCH_PORT = "27117";
const SCRATCH_SHELL = ["mongosh", "--quiet", "--norc", "--port", SCRATCH_PORT, "admin", "--eval"];

/** Reads a login from standard input where there is one, and knows where the oplog stands. */
const PRELUDE = `
  const login = require("fs").readFileSync(0, "utf8");
  if (login) { const { user, password } = JSON.parse(login); db.getSiblingDB("admin").auth(user, password); }
  const admin = db.getSiblingDB("admin"), oplogs = db.getSiblingDB("local").getCollection("oplog.rs");
  const isMember = "setName" in admin.hello();
  const end = (order) => {
    const { t, i } = isMember ? oplogs.find({}, { ts: 1 }).sort({ $natural: order }).limit(1).toArray()[0].ts : { t: 0, i: 0 };
    return { t, i };
  };
  const standing = () => ({
    replicaSetId: isMember ? String(admin.adminCommand({ replSetGetConfig: 1 }).config.settings.replicaSetId) : "",
    oplog: end(-1),
    oplogStart: end(1),
  });`;

/** Prints the facts as JSON. */
const FACTS = (database: string) => `${PRELUDE}
  const documents = {}, indexes = {};
  const names = admin.adminCommand({ listDatabases: 1, nameOnly: true }).databases.map(({ name }) => name);
  for (const name of names.filter((name) => !["admin", "config", "local"].includes(name)).sort()) {
    const one = db.getSiblingDB(name);
    const collections = one.getCollectionInfos({ type: "collection" }, { nameOnly: true }).map(({ name }) => name);
    for (const collection of collections.filter((name) => !name.startsWith("system.")).sort()) {
      documents[name + "." + collection] = one.getCollection(collection).countDocuments({});
      indexes[name + "." + collection] = one.getCollection(collection).getIndexes().length;
    }
  }
  const applied = db.getSiblingDB("${database}_ledger").migrations.find({}, { _id: 1 }).sort({ _id: -1 }).limit(1).toArray();
  print(JSON.stringify({
    version: db.version(),
    featureCompatibilityVersion: admin.adminCommand({ getParameter: 1, featureCompatibilityVersion: 1 }).featureCompatibilityVersion.version,
    schemaVersion: applied.length > 0 ? applied[0]._id : "",
    documents,
    indexes,
    ...standing(),
  }));`;

export function mongoFacts(reader: MongoReader, database: string): Promise<MongoFacts> {
  return ask<MongoFacts>(reader, FACTS(database));
}

/** What of the facts costs a server nothing. */
export function oplogStanding(reader: MongoReader): Promise<OplogStanding> {
  return ask<OplogStanding>(reader, `${PRELUDE} print(JSON.stringify(standing()));`);
}

async function ask<Answer>({ tools, user, password }: MongoReader, script: string): Promise<Answer> {
  const shell = ["mongosh", "--quiet", "--norc", "--host", HOST, "--eval", script];
  return JSON.parse(await run(tools, shell, JSON.stringify({ user, password })));
}

/**
 * Dumps all databases, users and indexes, with the oplog of the meantime: they are as they were at the end.
 * @param store reads the archive to its end
 */
export async function dump(
  { tools, user, password }: MongoReader,
  store: (archive: Readable) => Promise<void>,
): Promise<void> {
  const login = ["--host", HOST, `--username=${user}`, "--authenticationDatabase=admin"];
  const tool = start(tools, ["mongodump", ...login, "--oplog", "--archive"]);
  // It asks for the password on standard input, so that it stands in no argument list.
  tool.stdin.end(`${password}\n`);
  await Promise.all([store(tool.stdout), tool.ended]);
}

/** Dumps the entries of the oplog between two positions, those included, as BSON. @param store reads them to their end */
export async function dumpOplog(
  { tools, user, password }: MongoReader,
  from: Position,
  to: Position,
  store: (entries: Readable) => Promise<void>,
): Promise<void> {
  const login = ["--host", HOST, `--username=${user}`, "--authenticationDatabase=admin"];
  const query = JSON.stringify({ ts: { $gte: { $timestamp: from }, $lte: { $timestamp: to } } });
  const what = ["--db=local", "--collection=oplog.rs", `--query=${query}`, "--out=-"];
  const tool = start(tools, ["mongodump", ...login, ...what]);
  tool.stdin.end(`${password}\n`);
  await Promise.all([store(tool.stdout), tool.ended]);
}

/** Brings a server up in the folder of a scratch, without users, without a set, for its own tools alone. */
export async function startScratchServer({ tools, folder }: Scratch): Promise<void> {
  const options = [
    "--bind_ip",
    "127.0.0.1",
    "--port",
    SCRATCH_PORT,
    "--logpath",
    "/tmp/mongod.log",
    "--wiredTigerCacheSizeGB",
    "0.25",
  ];
  const script = `mkdir -m 0700 "$1"; mongod --dbpath "$1" "\${@:2}" --fork >/dev/null || { tail -n 5 /tmp/mongod.log >&2; exit 1; }`;
  await run(tools, ["bash", "-c", script, "start", folder, ...options]);
  // A set makes itself new keys while it is dumped: the oplog then has what no dump holds, and mongorestore gives up on it.
  await feed(
    restoreTool({ tools }, ["--db=admin", "--collection=system.keys", "-"]),
    async (nothing) => void nothing.end(),
  );
}

/** Restores an archive of mongodump into a scratch's server, and the oplog in it. */
export async function restoreArchive({ tools }: Scratch, source: (target: Writable) => Promise<void>): Promise<void> {
  await feed(restoreTool({ tools }, ["--oplogReplay", "--archive"]), source);
}

/** Starts mongorestore on a scratch's server. What was let in before its validator was is brought back, too. */
export function restoreTool({ tools }: Pick<Scratch, "tools">, options: string[]): Running {
  return start(tools, ["mongorestore", "--port", SCRATCH_PORT, "--bypassDocumentValidation", ...options]);
}

/** Replays a slice of the oplog on a scratch's server. @param before second since 1970 at whose beginning it stops; undefined replays all */
export async function replayOplog(
  { tools }: Scratch,
  before: number | undefined,
  source: (target: Writable) => Promise<void>,
): Promise<void> {
  const script = `
    set -eu
    rm -rf /tmp/replay && mkdir /tmp/replay
    cat >/tmp/oplog.bson
    mongorestore --port "$1" --oplogReplay --oplogFile=/tmp/oplog.bson $2 --dir=/tmp/replay`;
  const tool = start(tools, [
    "bash",
    "-c",
    script,
    "replay",
    SCRATCH_PORT,
    before === undefined ? "" : `--oplogLimit=${before}:0`,
  ]);
  await feed(tool, source);
}

/** Gives the user `admin` a password, or makes it where the dump had none; and forgets the keys of the set that was dumped. */
export async function makeOwn({ tools }: Scratch, password: string): Promise<void> {
  const script = `
    const pwd = require("fs").readFileSync(0, "utf8"), roles = [{ role: "root", db: "admin" }];
    db.getCollection("system.keys").drop();
    if (db.getUser("admin")) db.updateUser("admin", { pwd, roles }); else db.createUser({ user: "admin", pwd, roles });`;
  await run(tools, [...SCRATCH_SHELL, script], password);
}

export async function scratchFacts({ tools }: Scratch, database: string): Promise<MongoFacts> {
  const shell = [...SCRATCH_SHELL, FACTS(database)];
  return JSON.parse(await run(tools, shell));
}

/** Stops the server of a scratch: what it wrote is whole then. */
export async function stopScratchServer({ tools, folder }: Scratch): Promise<void> {
  await run(tools, ["mongod", "--dbpath", folder, "--shutdown"]);
}
