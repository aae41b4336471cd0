import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { MongoClient } from "mongodb";
import { randomBytes } from "node:crypto";
import { Disconnected } from "../../../../migrator/errors.ts";
import { bootstrapMongo } from "../../../../migrator/mongodb/bootstrap.ts";
import { connectMongo } from "../../../../migrator/mongodb/connection.ts";
import { waitForPrimary } from "../../../../migrator/mongodb/primary.ts";
import { docker, publishedAddress, rootPassword, startMongo, type Server } from "../../../support/databases.ts";
import { folder, until } from "../../../support/migrations.ts";
import { startMigrate } from "../../../support/runner.ts";
import { applyAll, ledgerOf, locked, migration } from "./engine.ts";

jest.setTimeout(180_000);

let server: Server;
let name: string;
const address = async () => ({
  ...(await publishedAddress(server.container, 27017)),
  ...{ database: name, user: "admin", password: rootPassword },
});

beforeAll(async () => {
  server = await startMongo();
  name = "none";
  const { container } = server;
  await bootstrapMongo({ connection: await address(), container, replicaSetMember: "mongodb:27017" });
});
afterAll(() => server?.remove());
beforeEach(() => void (name = `test_${randomBytes(4).toString("hex")}`));

/** Each adds one to a counter: a step that were run twice, or not at all, would show. */
const count = 120;
const migrations = Array.from({ length: count }, (_, index) => {
  const number = String(index + 1).padStart(4, "0");
  const definition = index === 0 ? { create: "runs" } : { collMod: "runs", validator: { n: { $gte: -index } } };
  const change =
    index === 0
      ? { insert: "runs", documents: [{ _id: 1, n: 1 }] }
      : { update: "runs", updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }] };
  return migration(`${number}_count.ts`, [definition, change]);
});

async function expectExactlyOnce() {
  const client = await connectMongo(await address());
  try {
    const ledger = ledgerOf(client, await address());
    expect(await client.db(name).collection("runs").findOne()).toMatchObject({ n: count });
    const history = (await ledger.history()).map((entry) => entry.replace(/ \d+$/, ""));
    expect(history).toEqual(migrations.map((each) => `applied ${each.name}`));
    expect(await ledger.progress()).toEqual([]);
  } finally {
    await client.close();
  }
}

/** Applies all migrations; when some are done and others are not, something befalls the server. */
async function applyAllWhile(befall: (client: MongoClient) => Promise<unknown>): Promise<void> {
  const client = await connectMongo(await address());
  try {
    const ledger = client.db(`${name}_ledger`).collection("migrations");
    let running = true;
    const run = applyAll(address, migrations).finally(() => (running = false));
    await until(async () => (await ledger.countDocuments()) > 5);
    await befall(client);
    expect(running).toBe(true);
    await run;
  } finally {
    await client.close();
  }
}

/** How often the replica set has elected its primary. */
async function elections(): Promise<number> {
  const client = await connectMongo(await address());
  const { term } = await client.db("admin").command({ replSetGetStatus: 1 });
  await client.close();
  return Number(term);
}

describe("a run goes on, and each step is done once,", () => {
  test("F08: when the primary steps down in the middle", async () => {
    const before = await elections();
    // It is its own successor after 5 s: there is no other member.
    await applyAllWhile((client) => client.db("admin").command({ replSetStepDown: 5, force: true }));
    // The driver may have mended it by itself, so that the run never heard of it.
    expect(await elections()).toBe(before + 1);
    await expectExactlyOnce();
  });

  test("F07: when the server is killed and started again in the middle", async () => {
    await applyAllWhile(async () => {
      await docker("kill", server.container);
      await docker("start", server.container);
    });
    await expectExactlyOnce();
  });

  test("F15: when the server falls silent in the middle, which is noticed within seconds", async () => {
    const mongo = await locked(await address());
    await mongo.apply([migrations[0]!]);
    await docker("pause", server.container);
    try {
      const begun = performance.now();
      await expect(mongo.apply([migrations[1]!])).rejects.toBeInstanceOf(Disconnected);
      expect(performance.now() - begun).toBeLessThan(20_000);
      await mongo.close();
    } finally {
      await docker("unpause", server.container);
    }
    await applyAll(address, migrations);
    await expectExactlyOnce();
  });
});

/** A server that is killed gets another port from Docker: so the run goes by the container's own address. */
const fixedAddress = async () => {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return { ...(await address()), host: await docker("inspect", "--format", format, server.container), port: 27017 };
};

const faults: [string, (client: MongoClient) => Promise<unknown>][] = [
  ["F08: the primary steps down", (client) => client.db("admin").command({ replSetStepDown: 5, force: true })],
  ["F07: the server is restarted", () => docker("restart", "--time", "0", server.container)],
];

test.each(faults)("a bulk seed in the middle of which %s has each document once", async (_what, befall) => {
  const documents = 400_000;
  const lines = Array.from({ length: documents }, (_, id) => `{"_id":${id},"text":"${"x".repeat(100)}"}\n`);
  const directory = folder({ "default/0001_ticks.ndjson": `{"collection": "ticks"}\n${lines.join("")}` });
  const connection = await fixedAddress();
  const client = await connectMongo(connection);
  await waitForPrimary(client.db("admin"), "MongoDB", () => {});
  const ticks = await client.db(name).createCollection("ticks");
  const run = startMigrate("mongodb", connection, directory, ["seed"]);
  await until(async () => (await ticks.estimatedDocumentCount()) > 3000);
  await befall(client).catch(() => {});
  await client.close();
  // Else the seed were done before anything befell.
  expect(run.process.exitCode).toBeNull();
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  const after = await connectMongo(connection);
  expect(await after.db(name).collection("ticks").countDocuments()).toBe(documents);
  expect(await after.db(`${name}_ledger`).collection("seed_progress").countDocuments()).toBe(0);
  await after.close();
});
