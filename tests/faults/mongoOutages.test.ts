import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { MongoClient } from "mongodb";
import { randomBytes } from "node:crypto";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import { waitForPrimary } from "../../migrator/mongodb/primary.ts";
import { migrate } from "../../migrator/run.ts";
import type { Connection } from "../../migrator/types.ts";
import { docker, freePort, rootPassword, startMongo, type Server } from "../support/databases.ts";
import { folder, migrationsOf, until } from "../support/migrations.ts";
import { startMigrate } from "../support/runner.ts";
import { expectSettled } from "../support/settled.ts";
import { ledgerOf } from "../integration/migrator/mongodb/engine.ts";

jest.setTimeout(180_000);

const engine = "mongodb";
let server: Server;
let connection: Connection;

beforeAll(async () => {
  // Docker would give a server that is started again another port, and the run could not find it: a stack's port is fixed.
  const port = await freePort();
  server = await startMongo(undefined, "--publish", `127.0.0.1:${port}:27017`);
  connection = { host: "127.0.0.1", port, database: "none", user: "admin", password: rootPassword };
  await bootstrapMongo({ connection, container: server.container, replicaSetMember: "mongodb:27017" });
});
afterAll(() => server?.remove());
beforeEach(() => void (connection = { ...connection, database: `test_${randomBytes(4).toString("hex")}` }));

/** Works as root, once the server is primary again after what befell it. */
async function asRoot<T>(work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = await connectMongo(connection, { again: true });
  try {
    await waitForPrimary(client.db("admin"), "MongoDB", () => {});
    return await work(client);
  } finally {
    await client.close();
  }
}

/** How often the replica set has elected its primary. */
const elections = () =>
  asRoot(async (client) => Number((await client.db("admin").command({ replSetGetStatus: 1 })).term));

/** It is its own successor after these seconds: there is no other member, so that nobody has to be waited for before it. */
const stepDown = (client: MongoClient, seconds: number) =>
  client.db("admin").command({ replSetStepDown: seconds, secondaryCatchUpPeriodSecs: 0, force: true });

/** Each adds one to a counter: a step that were run twice, or not at all, would show. */
const count = 120;
const migrations = Object.fromEntries(
  Array.from({ length: count }, (_, index) => {
    const definition = index === 0 ? { create: "runs" } : { collMod: "runs", validator: { n: { $gte: -index } } };
    const change =
      index === 0
        ? { insert: "runs", documents: [{ _id: 1, n: 1 }] }
        : { update: "runs", updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }] };
    return [`${String(index + 1).padStart(4, "0")}_count.json`, JSON.stringify([definition, change])];
  }),
);

/**
 * Migrates in a process of its own; when some migrations are done and others are not, something befalls the server.
 * Expects that the run goes on by itself, and leaves what an undisturbed one leaves.
 * @param befall gets what waits until the run has told that its connection broke.
 * @returns what the run told.
 */
async function migrateWhile(
  befall: (client: MongoClient, isNoticed: () => Promise<void>) => Promise<unknown>,
): Promise<string> {
  const directory = folder(migrations);
  const run = await asRoot(async (client) => {
    const run = startMigrate(engine, connection, directory);
    let said = "";
    run.process.stderr!.on("data", (text) => (said += text));
    const ledger = client.db(`${connection.database}_ledger`).collection("migrations");
    await until(async () => (await ledger.countDocuments()) > 5, 60);
    await befall(client, () => until(async () => said.includes("The connection to MongoDB broke ("), 30));
    // Else it were done before anything befell.
    expect(run.process.exitCode).toBeNull();
    return run;
  });
  const { code, stderr } = await run.ended;
  expect(stderr).not.toContain("✖");
  expect(code).toBe(0);

  await asRoot(async (client) => {
    const ledger = ledgerOf(client, connection);
    const history = (await ledger.history()).map((entry) => entry.replace(/ \d+$/, ""));
    expect(history).toEqual(Object.keys(migrations).map((name) => `applied ${name}`));
    expect(await ledger.progress()).toEqual([]);
    const runs = client.db(connection.database).collection("runs");
    expect(await runs.find().toArray()).toEqual([{ _id: 1, n: count }]);
    expect(await runs.options()).toMatchObject({ validator: { n: { $gte: 1 - count } } });
  });
  await expectSettled(engine, server, connection, directory);
  return stderr;
}

/** A sentence of the engine: its driver did not mend it unseen. */
const broke = /^The connection to MongoDB broke \(.*\): connecting again, to read from the ledger what stands\.$/m;

describe("a run goes on by itself, and each step is done once,", () => {
  test("F08: when the primary steps down in the middle", async () => {
    const before = await elections();
    const told = await migrateWhile(async (client, isNoticed) => {
      await stepDown(client, 60);
      // A commit is repeated for some seconds before the engine hears of it.
      await isNoticed();
      await client.db("admin").command({ replSetFreeze: 0 }, { readPreference: "primaryPreferred" });
    });
    expect(told).toMatch(broke);
    expect(await elections()).toBe(before + 1);
  });

  test("F07: when the server is killed and started again in the middle", async () => {
    const told = await migrateWhile(async (_client, isNoticed) => {
      await docker("kill", server.container);
      // Else the driver may find it again before it gives up.
      await isNoticed();
      await docker("start", server.container);
    });
    expect(told).toMatch(broke);
  });

  test("F07: when the server is shut down in order and started again in the middle", async () => {
    const before = await elections();
    await migrateWhile(() => docker("restart", server.container));
    expect(await elections()).toBe(before + 1);
  });

  test("F15: when the server falls silent in the middle, which is noticed within seconds", async () => {
    const told = await migrateWhile(async (_client, isNoticed) => {
      await docker("pause", server.container);
      try {
        const begun = performance.now();
        await isNoticed();
        expect(performance.now() - begun).toBeLessThan(20_000);
      } finally {
        await docker("unpause", server.container);
      }
    });
    expect(told).toMatch(broke);
  });
});

const faults: [string, (client: MongoClient) => Promise<unknown>][] = [
  ["F08: the primary steps down", (client) => stepDown(client, 5)],
  ["F07: the server is restarted", () => docker("restart", "--time", "0", server.container)],
];

test.each(faults)("a bulk seed in the middle of which %s has each document once", async (_what, befall) => {
  const base = folder({ "0001_create_ticks.json": '[{ "create": "ticks" }]' });
  await migrate(engine, migrationsOf(engine, connection, base));
  const documents = 400_000;
  const lines = Array.from({ length: documents }, (_, id) => `{"_id":${id},"text":"${"x".repeat(100)}"}\n`);
  const seeds = ["default/0001_ticks.ndjson"];
  const directory = folder({ [seeds[0]!]: `{"collection": "ticks"}\n${lines.join("")}` });
  const run = await asRoot(async (client) => {
    const run = startMigrate(engine, connection, directory, ["seed"]);
    const ticks = client.db(connection.database).collection("ticks");
    await until(async () => (await ticks.estimatedDocumentCount()) > 3000, 60);
    await befall(client).catch(() => {});
    // Else the seed were done before anything befell.
    expect(run.process.exitCode).toBeNull();
    return run;
  });
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  await asRoot(async (client) => {
    expect(await client.db(connection.database).collection("ticks").countDocuments()).toBe(documents);
    expect(await client.db(`${connection.database}_ledger`).collection("seed_progress").countDocuments()).toBe(0);
  });
  await expectSettled(engine, server, connection, base, seeds);
});
