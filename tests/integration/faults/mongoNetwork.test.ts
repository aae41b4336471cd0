import { describe, expect, jest, test } from "@jest/globals";
import type { MongoClient } from "mongodb";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { migrate } from "../../../migrator/run.ts";
import type { Connection } from "../../../migrator/types.ts";
import { docker, type Server } from "../../support/databases.ts";
import { freshMongo, useMongo } from "../../support/migratorDatabases.ts";
import { folder, migrationsOf, until, write } from "../../support/migrations.ts";
import { startProxy } from "../../support/proxy.ts";
import { startMigrate } from "../../support/runner.ts";
import { expectSettled } from "../../support/settled.ts";
import { holdCollection, ledgerOf, operationsOf } from "../migrator/mongodb/engine.ts";

jest.setTimeout(300_000);

const engine = "mongodb";
const files = {
  "0001_create_a.json": '[{ "create": "a" }, { "insert": "a", "documents": [{ "_id": 1, "n": 0 }] }]',
  "0002_add.json": '[{ "update": "a", "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } } }] }]',
  "0003_index_a.json": '[{ "createIndexes": "a", "indexes": [{ "key": { "n": 1 }, "name": "n" }] }]',
};

let server: Server;
let connection: Connection;
let client: MongoClient;
useMongo((fresh) => {
  ({ server, client } = fresh);
  connection = freshMongo(fresh.connection);
});

async function expectExactlyOnce(directory: string) {
  const ledger = ledgerOf(client, connection);
  const history = (await ledger.history()).map((entry) => entry.replace(/ \d+$/, ""));
  expect(history).toEqual(Object.keys(files).map((name) => `applied ${name}`));
  expect(await ledger.progress()).toEqual([]);
  expect(await ledger.lock().findOne()).toMatchObject({ owner: null });
  const a = client.db(connection.database).collection("a");
  expect(await a.findOne()).toEqual({ _id: 1, n: 1 });
  expect(await a.indexes()).toHaveLength(2);
  await expectSettled(engine, server, connection, directory);
}

describe("F15: a network that", () => {
  test.each(["before", "after"] as const)(
    "is cut %s the server gets the commit of a step and its note: it is done once",
    async (fate) => {
      let isAtTheStep = false;
      let cuts = 0;
      const directory = folder(files);
      const proxy = await startProxy(connection, (message) => {
        isAtTheStep ||= message.includes("$inc");
        return isAtTheStep && message.includes("commitTransaction") && cuts++ === 0 ? fate : "pass";
      });
      try {
        const there = { ...connection, host: proxy.host, port: proxy.port };
        expect(await startMigrate(engine, there, directory).ended).toMatchObject({ code: 0, signal: null });
      } finally {
        await proxy.close();
      }
      expect(cuts).toBeGreaterThan(0);
      await expectExactlyOnce(directory);
    },
  );

  test("says nothing any more is noticed, and the run goes on when it is back", async () => {
    const proxy = await startProxy(connection);
    const there = { ...connection, host: proxy.host, port: proxy.port };
    const directory = folder({ "0001_create_a.json": files["0001_create_a.json"] });
    await migrate(engine, migrationsOf(engine, connection, directory));
    write(directory, files);
    // So that the index waits, as it does for whoever is at work.
    const release = await holdCollection(client, connection.database, "a");
    try {
      const run = startMigrate(engine, there, directory);
      let said = "";
      run.process.stderr!.on("data", (data) => (said += data));
      await until(async () => (await operationsOf(client, connection.database)).length > 0);
      proxy.stall();
      await until(async () => said.includes("The connection to MongoDB broke"), 60);
      await release();
      proxy.restore();
      const { code, stderr } = await run.ended;
      expect(stderr).toMatch(
        /^The connection to MongoDB broke \(.*\): connecting again, to read from the ledger what stands\.\n/,
      );
      expect(code).toBe(0);
    } finally {
      await proxy.close();
    }
    await expectExactlyOnce(directory);
  });

  test("is taken away from the server's container and given back: each step is done once", async () => {
    const network = `it-migrator-${randomBytes(4).toString("hex")}`;
    await docker("network", "create", network);
    try {
      await docker("network", "connect", network, server.container);
      const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
      const there = { ...connection, host: await docker("inspect", "--format", format, server.container), port: 27017 };
      const directory = folder({ "0001_create_a.json": files["0001_create_a.json"] });
      expect(await startMigrate(engine, there, directory).ended).toMatchObject({ code: 0 });
      write(directory, files);
      const release = await holdCollection(client, connection.database, "a");
      const run = startMigrate(engine, there, directory);
      await until(async () => (await operationsOf(client, connection.database)).length > 0);
      await docker("network", "disconnect", network, server.container);
      await release();
      await sleep(3000);
      await docker("network", "connect", network, server.container);
      expect(await run.ended).toMatchObject({ code: 0, signal: null });
      await expectExactlyOnce(directory);
    } finally {
      await docker("network", "disconnect", "--force", network, server.container).catch(() => {});
      await docker("network", "rm", network);
    }
  });
});
