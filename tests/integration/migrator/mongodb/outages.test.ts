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

const applied = async () => {
  const client = await connectMongo(await address());
  return client
    .db(`${name}_ledger`)
    .collection("migrations")
    .countDocuments()
    .finally(() => client.close());
};

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

describe("a run goes on, and each step is done once,", () => {
  test("F08: when the primary steps down in the middle", async () => {
    const run = applyAll(address, migrations);
    await until(async () => (await applied()) > 20);
    const client = await connectMongo(await address());
    // It is its own successor after 5 s: there is no other member.
    await client
      .db("admin")
      .command({ replSetStepDown: 5, force: true })
      .catch(() => {});
    await client.close();
    expect(await run).toBeGreaterThan(0);
    await expectExactlyOnce();
  });

  test("F07: when the server is killed and started again in the middle", async () => {
    const run = applyAll(address, migrations);
    await until(async () => (await applied()) > 20);
    await docker("kill", server.container);
    await docker("start", server.container);
    expect(await run).toBeGreaterThan(0);
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
  const { code, stderr } = await run.ended;
  expect(stderr).toMatch(/the connection to MongoDB broke \(/i);
  expect(code).toBe(0);
  const after = await connectMongo(connection);
  expect(await after.db(name).collection("ticks").countDocuments()).toBe(documents);
  expect(await after.db(`${name}_ledger`).collection("seed_progress").countDocuments()).toBe(0);
  await after.close();
});
