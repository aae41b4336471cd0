import { afterEach, expect } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Document, MongoClient } from "mongodb";
import { checksum } from "../../../../migrator/checksum.ts";
import { openMongo, type MongoDatabase } from "../../../../migrator/mongodb/database.ts";
import type { Connection, Migration, SourceFile } from "../../../../migrator/types.ts";

export function file(name: string, steps: unknown): SourceFile {
  const text = typeof steps === "string" ? steps : `export default ${JSON.stringify(steps)};\n`;
  return { name, path: `migrations/${name}`, text, checksum: checksum(text) };
}

/** A migration of these steps, with its down and verify file where they are given. */
export function migration(name: string, steps: unknown, others: { down?: unknown; verify?: unknown } = {}): Migration {
  const beside = (kind: "down" | "verify") =>
    others[kind] === undefined ? {} : { [kind]: file(name.replace(".ts", `.${kind}.ts`), others[kind]) };
  return { ...file(name, steps), ...beside("down"), ...beside("verify") };
}

/** Opens and locks; the caller closes. */
export async function locked(connection: Connection, told: string[] = [], waitSeconds = 30): Promise<MongoDatabase> {
  const database = await openMongo(connection, { tell: (sentence) => told.push(sentence) });
  try {
    await database.lock(waitSeconds);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Does something under the lock. */
export async function underLock<T>(connection: Connection, work: (database: MongoDatabase) => Promise<T>): Promise<T> {
  const database = await locked(connection);
  return work(database).finally(() => database.close());
}

/** Expects that nobody holds the lease, and that whoever wants it has it at once. */
export async function expectFreeLease(connection: Connection): Promise<void> {
  const told: string[] = [];
  const database = await locked(connection, told, 0);
  await database.close();
  expect(told).toEqual([]);
}

export interface Runner {
  process: ChildProcess;
  /** What it wrote, when it has ended. */
  output: Promise<string>;
}

const runners = new Set<ChildProcess>();

// One that a failed test left frozen would stay so.
afterEach(() => {
  for (const runner of runners) runner.kill("SIGKILL");
  runners.clear();
});

const head = `
  import { openMongo } from "./migrator/mongodb/database.ts";
  const [connection, migrations] = JSON.parse(process.argv[1]);
  const database = await openMongo(connection, { tell: console.log });
  try {
    await database.lock(30);`;
const tail = `
    console.log("done");
  } catch (error) {
    console.log(error.constructor.name + ": " + error.message);
  } finally {
    await database.close();
  }`;

/** Applies migrations in a process of its own, which can be stopped and killed. `body` does something else there. */
export function startRunner(
  connection: Connection,
  migrations: Migration[],
  body = "for (const migration of migrations) await database.apply([migration]);",
): Runner {
  const args = ["--input-type=module", "--eval", head + body + tail, JSON.stringify([connection, migrations])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  runners.add(child);
  let text = "";
  child.stdout!.on("data", (chunk) => (text += chunk));
  return { process: child, output: once(child, "close").then(() => text) };
}

/** A transaction that keeps every definition of the collection waiting until it is ended. */
export async function holdCollection(
  client: MongoClient,
  database: string,
  name: string,
): Promise<() => Promise<void>> {
  const session = client.startSession();
  session.startTransaction();
  await client.db(database).collection(name).insertOne({ name: "held" }, { session });
  return async () => {
    await session.abortTransaction();
    await session.endSession();
  };
}

/** Commands of migrators that the server is at, by their comments. @param collection @default any, the ledger's, too */
export async function operationsOf(client: MongoClient, database: string, collection?: string): Promise<string[]> {
  const running = await client
    .db("admin")
    .aggregate([{ $currentOp: { allUsers: true } }], { readConcern: { level: "local" } })
    .toArray();
  return running
    .filter(({ ns }) => collection === undefined || ns === `${database}.${collection}`)
    .map(({ command }) => String(command?.comment))
    .filter((comment) => comment.endsWith(` of ${database}`));
}

export function ledgerOf(client: MongoClient, { database }: Connection) {
  const ledger = client.db(`${database}_ledger`);
  return {
    lock: () => ledger.collection<Document & { _id: string }>("lock"),
    progress: () => ledger.collection("progress").find().toArray(),
    history: async () =>
      (
        await ledger
          .collection("history")
          .find({}, { sort: { at: 1, _id: 1 } })
          .toArray()
      ).map(({ what, name, token }) => `${what} ${name} ${token}`),
  };
}
