import { describe, expect, jest, test } from "@jest/globals";
import { hostname } from "node:os";
import type { Db, MongoClient } from "mongodb";
import type { Connection } from "../../../../migrator/types.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { refusal, until } from "../../../support/migrations.ts";
import {
  expectFreeLease,
  holdCollection,
  ledgerOf,
  locked,
  migration,
  operationsOf,
  startRunner,
  underLock,
} from "./engine.ts";

jest.setTimeout(300_000);

let connection: Connection;
let client: MongoClient;
let database: Db;
let ledger: ReturnType<typeof ledgerOf>;
useMongo((fresh) => {
  ({ connection, client } = fresh);
  database = client.db(connection.database);
  ledger = ledgerOf(client, connection);
});

const lease = () => ledger.lock().findOne({ _id: "lock" });
const lost =
  "LeaseLost: The lease on the MongoDB ledger was lost, because this run could not renew it in time. " +
  "It has written nothing to the ledger since. Run `pulumi up` again: it goes on where this one stopped.\n";

describe("the lease", () => {
  test("is one run's at a time, and its token grows", async () => {
    const holders: number[] = [];
    let inside = 0;
    await Promise.all(
      [1, 2, 3].map(() =>
        underLock(connection, async (mongo) => {
          expect(++inside).toBe(1);
          holders.push(mongo.lease.token);
          await mongo.apply([migration(`000${holders.length}_make.ts`, [{ create: `c${holders.length}` }])]);
          inside--;
        }),
      ),
    );
    expect(holders).toEqual([1, 2, 3]);
    expect(await lease()).toMatchObject({ owner: null, token: 3, host: hostname(), pid: process.pid });
    expect(await ledger.history()).toEqual([
      "applied 0001_make.ts 1",
      "applied 0002_make.ts 2",
      "applied 0003_make.ts 3",
    ]);
  });

  test("of a former release's form names its holder to whoever waits, at once, and in vain", async () => {
    const since = new Date("2026-01-02T03:04:05.678Z");
    const expiresAt = new Date(Date.now() + 60_000);
    const former = { _id: "lock", owner: "another", host: "far-away", pid: 4711, since, expiresAt };
    await ledger.lock().insertOne(former);
    const told: string[] = [];
    expect(await refusal(locked(connection, told, 0.5))).toBe(
      `Another run holds the migration lock of ${connection.database}: process 4711 on far-away, since 2026-01-02T03:04:05.678Z. ` +
        "It was waited for 0.5 s. Let it finish, or end that process; its lock is free 15 s later. Then run `pulumi up` again.",
    );
    expect(told).toEqual([
      `Waiting for the migration lock of ${connection.database}: process 4711 on far-away, since 2026-01-02T03:04:05.678Z, holds it.`,
    ]);
    expect(await lease()).toEqual(former);

    await ledger.lock().updateOne({ _id: "lock" }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    await underLock(connection, async (mongo) => expect(mongo.lease.token).toBe(1));
  });

  test("F14: of a dead holder runs out though the server's clock was set back", async () => {
    const expiresAt = new Date(Date.now() + 3_600_000);
    await ledger
      .lock()
      .insertOne({ _id: "lock", owner: "dead", host: "far-away", pid: 1, since: new Date(), expiresAt });
    await underLock(connection, async (mongo) => expect(mongo.lease.token).toBe(1));
  });

  test("that could not be given back is taken again by the same process at once", async () => {
    const first = await locked(connection);
    const { token } = first.lease;
    first.lease.abandon();
    const begun = performance.now();
    await underLock(connection, async (mongo) => expect(mongo.lease.token).toBe(token + 1));
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await refusal(first.fenced(async () => {}))).toContain("was lost");
    await first.close();
  });

  test("that another run took over lets nothing be written or run any more", async () => {
    const mongo = await locked(connection);
    await ledger.lock().updateOne({ _id: "lock" }, { $set: { owner: "another", token: 2 } });
    await ledger.lock().updateOne({ _id: "fence" }, { $set: { token: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await refusal(mongo.apply([migration("0001_make.ts", [{ create: "runs" }])]))).toContain("was lost");
    expect(await database.listCollections().toArray()).toEqual([]);
    await mongo.close();
    expect(await lease()).toMatchObject({ owner: "another" });
  });
});

describe("F06: a holder that is frozen for longer than its lease", () => {
  test("loses its operation, and can't write the ledger when it goes on", async () => {
    await database.createCollection("runs");
    const release = await holdCollection(client, connection.database, "runs");
    const change = migration("0001_change.ts", [{ create: "markets" }, { collMod: "runs", validationLevel: "off" }]);
    const frozen = startRunner(connection, [change]);
    await until(async () => (await ledger.progress())[0]?.done.length === 1);
    // The ledger's own operations are at an end, and the one that waits is what comes.
    await until(async () => (await operationsOf(client, connection.database)).length === 1);
    frozen.process.kill("SIGSTOP");
    expect(await operationsOf(client, connection.database)).toEqual([`trading-db lease 1 of ${connection.database}`]);

    const told: string[] = [];
    const second = await locked(connection, told);
    expect(told[0]).toContain(`process ${frozen.process.pid} on ${hostname()}`);
    // What kept it waiting still stands.
    expect(await operationsOf(client, connection.database)).toEqual([]);
    await release();
    expect((await second.readLedger()).unfinished).toMatchObject({ name: "0001_change.ts", done: [expect.anything()] });
    await second.apply([change]);

    frozen.process.kill("SIGCONT");
    expect(await frozen.output).toBe(lost);
    expect(await ledger.history()).toEqual(["applied 0001_change.ts 2"]);
    expect(await ledger.progress()).toEqual([]);
    expect(await lease()).toMatchObject({ token: 2, pid: process.pid });
    // What the second one made still stands, once the first one is done.
    expect((await database.listCollections().toArray()).map((found) => found.name).sort()).toEqual(["markets", "runs"]);
    expect(await database.collection("runs").options()).toMatchObject({ validationLevel: "off" });
    await second.close();
    await expectFreeLease(connection);
  });

  test("in the middle of a transaction keeps nobody waiting, and none of it is kept", async () => {
    await database.createCollection("runs");
    const frozen = startRunner(
      connection,
      [],
      `await database.fenced(async ({ session }) => {
         await session.client.db("${connection.database}").collection("runs").insertOne({ name: "x" }, { session });
         await new Promise((resolve) => setTimeout(resolve, 10_000));
       });`,
    );
    await until(async () => Boolean((await lease())?.owner));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    frozen.process.kill("SIGSTOP");
    await underLock(connection, async (mongo) => {
      frozen.process.kill("SIGCONT");
      expect(await frozen.output).toBe(lost);
      expect(mongo.lease.token).toBe(2);
    });
    expect(await database.collection("runs").countDocuments()).toBe(0);
    expect(await database.collection("runs").options()).toEqual({});
    expect(await ledger.history()).toEqual([]);
    expect(await ledger.progress()).toEqual([]);
    await expectFreeLease(connection);
  });
});
