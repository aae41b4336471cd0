import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { MongoClient } from "mongodb";
import { readMigrations } from "../../migrator/files.ts";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import type { Connection } from "../../migrator/types.ts";
import { docker, rootPassword, startMongo, type Server } from "../support/databases.ts";
import { freshMongo } from "../support/migratorDatabases.ts";
import { folder, refusal, until, write } from "../support/migrations.ts";
import { startMigrate } from "../support/runner.ts";
import { expectSettled } from "../support/settled.ts";
import { fetchSkewedClock, type SkewedClock } from "../support/skewedClock.ts";
import { ledgerOf, locked, startRunner, underLock } from "../integration/migrator/mongodb/engine.ts";

// The clocks of the runs: tests/integration/faults/migrationClocks.test.ts.
jest.setTimeout(180_000);

const engine = "mongodb";
const files = {
  "0001_create_a.json": '[{ "create": "a" }, { "insert": "a", "documents": [{ "_id": 1, "n": 0 }] }]',
  "0002_add.json": '[{ "update": "a", "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } } }] }]',
  "0003_index_a.json": '[{ "createIndexes": "a", "indexes": [{ "key": { "n": 1 }, "name": "n" }] }]',
};
const first = { "0001_create_a.json": files["0001_create_a.json"] };

let server: Server;
let client: MongoClient;
let connection: Connection;
let directory: string;
let clock: SkewedClock;

beforeAll(async () => {
  clock = await fetchSkewedClock("mongo");
  const settings = {
    FAKETIME_TIMESTAMP_FILE: "/clock/shift",
    FAKETIME_NO_CACHE: "1",
    // To "fix" the monotonic clock is for another libc, and here makes threads spin that wait.
    FAKETIME_FORCE_MONOTONIC_FIX: "0",
  };
  server = await startMongo(undefined, ...clock.options("libfaketimeMT.so.1", settings));
  const { host, port, container } = server;
  connection = { host, port, database: "none", user: "admin", password: rootPassword };
  await bootstrapMongo({ connection, container, replicaSetMember: "mongodb:27017" });
  client = await connectMongo(connection);
});
afterAll(async () => {
  await client?.close();
  await server?.remove();
  await clock?.remove();
});

beforeEach(async () => {
  await setClock("+0");
  connection = freshMongo(connection);
  directory = folder(first);
});

/** Sets the server's clock that far from that of everybody else. */
async function setClock(shift: string): Promise<void> {
  // A file that is read at any moment is never half written.
  const line = `echo ${shift} >/clock/next && mv /clock/next /clock/shift`;
  await docker("exec", "--user", "0", server.container, "bash", "-c", line);
}

/** How far the server's clock is ahead, in seconds. */
async function ahead(): Promise<number> {
  const now = [{ $documents: [{}] }, { $set: { now: "$$NOW" } }];
  const [found] = await client.db("admin").aggregate(now).toArray();
  return (Number(found!.now) - Date.now()) / 1000;
}

async function expectExactlyOnce(): Promise<void> {
  const ledger = ledgerOf(client, connection);
  const history = (await ledger.history()).map((entry) => entry.replace(/ \d+$/, "")).sort();
  expect(history).toEqual(Object.keys(files).map((name) => `applied ${name}`));
  expect(await client.db(connection.database).collection("a").find().toArray()).toEqual([{ _id: 1, n: 1 }]);
  await expectSettled(engine, server, connection, directory);
}

/** A run that takes the lease, and dies before it does anything. */
async function dieHolding(): Promise<void> {
  const holder = startRunner(connection, [], "await new Promise((resolve) => setTimeout(resolve, 60_000));");
  await until(async () => Boolean((await ledgerOf(client, connection).lock().findOne({ _id: "lock" }))?.owner));
  holder.process.kill("SIGKILL");
  await holder.output;
}

/** Waits for the lease, and answers with how many seconds that took. */
async function secondsToLease(): Promise<number> {
  const begun = performance.now();
  await underLock(connection, async () => {});
  return (performance.now() - begun) / 1000;
}

/** All that is pending, in a process of its own. */
const migrateAll = () => startMigrate(engine, connection, directory);

describe.each([
  ["-195m", -195 * 60],
  ["+42d", 42 * 86_400],
])("F14: a server whose clock is wrong by %s", (shift, seconds) => {
  beforeEach(async () => {
    await setClock(shift);
    expect(Math.abs((await ahead()) - seconds)).toBeLessThan(10);
  });

  test("has one run at a time: the second waits for the first one's lease, and goes on where it stopped", async () => {
    const holder = await locked(connection);
    await holder.apply(readMigrations(engine, directory));
    write(directory, files);
    const second = migrateAll();
    let said = "";
    second.process.stderr!.on("data", (data) => (said += data));
    await until(async () => said.includes("Waiting for the migration lock"));
    // For longer than a lease lasts without its heartbeat.
    await new Promise((resolve) => setTimeout(resolve, 17_000));
    expect(await ledgerOf(client, connection).history()).toEqual(["applied 0001_create_a.json 1"]);
    await holder.close();
    expect(await second.ended).toMatchObject({ code: 0 });
    await expectExactlyOnce();
  });

  test("frees the lease of a run that died, in its time", async () => {
    await dieHolding();
    const waited = await secondsToLease();
    expect(waited).toBeGreaterThan(5);
    expect(waited).toBeLessThan(20);
    write(directory, files);
    expect(await migrateAll().ended).toMatchObject({ code: 0 });
    await expectExactlyOnce();
  });
});

describe("F14: a server whose clock is set while a run holds the lease", () => {
  test("to a later time fences that run, and the next one goes on at once", async () => {
    const holder = await locked(connection);
    await holder.apply(readMigrations(engine, directory));
    write(directory, files);
    await setClock("+2h");
    expect(await migrateAll().ended).toMatchObject({ code: 0, stderr: "" });
    const late = { ...readMigrations(engine, directory)[1]!, name: "0004_late.json" };
    // Its text is that of the second file: run again, it would add one too many.
    expect(await refusal(holder.apply([late]))).toContain("The lease on the MongoDB ledger was lost");
    await holder.close();
    await expectExactlyOnce();
  });

  test("to a later time ends that run, even where nobody else wants the lease, and nothing of it is half done", async () => {
    const holder = await locked(connection);
    await holder.apply(readMigrations(engine, directory));
    write(directory, files);
    await setClock("+2h");
    // The next heartbeat finds that it ran out.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const [, next] = readMigrations(engine, directory);
    expect(await refusal(holder.apply([next!]))).toContain("The lease on the MongoDB ledger was lost");
    await holder.close();
    expect(await migrateAll().ended).toMatchObject({ code: 0 });
    await expectExactlyOnce();
  });

  test("to an earlier time leaves it the lease, for no longer than it needs it", async () => {
    const holder = await locked(connection);
    await holder.apply(readMigrations(engine, directory));
    write(directory, files);
    await setClock("-2h");
    const second = migrateAll();
    const [, next] = readMigrations(engine, directory);
    await holder.apply([next!]);
    await holder.close();
    expect(await second.ended).toMatchObject({ code: 0 });
    await expectExactlyOnce();
  });

  test("to an earlier time, when that run is dead, frees the lease in seconds and not in hours", async () => {
    await dieHolding();
    await setClock("-2h");
    expect(await secondsToLease()).toBeLessThan(25);
    write(directory, files);
    expect(await migrateAll().ended).toMatchObject({ code: 0 });
    await expectExactlyOnce();
  });
});
