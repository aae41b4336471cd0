import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Db, MongoClient } from "mongodb";
import type { ApplyFailure } from "../../../../migrator/errors.ts";
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

const collections = async () => (await database.listCollections().toArray()).map(({ name }) => name).sort();
const apply = (...migrations: ReturnType<typeof migration>[]) =>
  underLock(connection, async (mongo) => {
    for (const each of migrations) await mongo.apply([each]);
  });
const applyFailure = (each: ReturnType<typeof migration>) =>
  apply(each).then(
    () => Promise.reject(new Error("it did not fail")),
    (error: ApplyFailure) => [error.message, error.kept, error.remedy],
  );

describe("F02: a run that is killed between two steps", () => {
  const name = "0001_make.ts";
  const first = { create: "markets" };
  const insert = { insert: "counted", documents: [{ _id: "a" }] };
  const second = { collMod: "runs", validationLevel: "off" };

  // A run of three steps, killed while the last one waits.
  beforeEach(async () => {
    await database.createCollection("runs");
    await database.createCollection("counted");
    const release = await holdCollection(client, connection.database, "runs");
    const killed = startRunner(connection, [migration(name, [first, insert, second])]);
    await until(async () => ((await ledger.progress())[0]?.done ?? []).length === 2);
    killed.process.kill("SIGKILL");
    await killed.output;
    await release();
    await until(async () => (await operationsOf(client, connection.database)).length === 0);
    // What a step that is not run again would make again.
    await database.dropCollection("markets");
  });

  test("is gone on with from the next step, whose text may be another by now", async () => {
    await apply(migration(name, [first, insert, { ...second, validationLevel: "moderate" }, { create: "more" }]));
    expect(await collections()).toEqual(["counted", "more", "runs"]);
    expect(await database.collection("counted").countDocuments()).toBe(1);
    expect(await database.collection("runs").options()).toMatchObject({ validationLevel: "moderate" });
    expect(await ledger.progress()).toEqual([]);
    expect(await ledger.history()).toEqual([`applied ${name} 2`]);
    await expectFreeLease(connection);
  });

  test("is not gone on with when a step that ran was edited or left out", async () => {
    const [progress, [runs]] = [await ledger.progress(), await database.listCollections({ name: "runs" }).toArray()];
    const refused = `step 1 of ${name} ran already, and was edited since. Bring its text back; put the change into a later step or a new file.`;
    expect(await refusal(apply(migration(name, [{ create: "other" }, insert, second])))).toBe(refused);
    expect(await refusal(apply(migration(name, [first])))).toBe(refused.replace("step 1", "step 2"));
    expect(await ledger.history()).toEqual([]);
    expect(await ledger.progress()).toEqual(progress);
    expect(await collections()).toEqual(["counted", "runs"]);
    expect(await database.listCollections({ name: "runs" }).toArray()).toEqual([runs]);
    await expectFreeLease(connection);
  });
});

describe("changes of documents", () => {
  test("are kept once and whole, or not at all", async () => {
    await database.createCollection("runs", { validator: { n: { $type: "int" } } });
    const change = (n: unknown) =>
      migration("0001_fill.ts", [
        { insert: "runs", documents: [{ _id: 1, n: 1 }] },
        { update: "runs", updates: [{ q: {}, u: { $inc: { n: 1 } }, multi: true }] },
        {
          insert: "runs",
          documents: [
            { _id: 2, n: 2 },
            { _id: 3, n },
          ],
        },
      ]);
    expect(await applyFailure(change("three"))).toEqual([
      "0001_fill.ts step 3 (insert): entry 2: Document failed validation",
      "steps 1 to 2 of 0001_fill.ts are done, and will not be run again",
      "Mend step 3, and run `pulumi up` again.",
    ]);
    await apply(change(3));
    expect(
      await database
        .collection<{ _id: number }>("runs")
        .find({}, { sort: { _id: 1 } })
        .toArray(),
    ).toEqual([
      { _id: 1, n: 2 },
      { _id: 2, n: 2 },
      { _id: 3, n: 3 },
    ]);
  });
});

test("a step that takes longer than a transaction may is to be split", async () => {
  const runs = database.collection<{ _id: number }>("runs");
  await runs.insertMany(Array.from({ length: 20 }, (_, _id) => ({ _id })));
  const limit = (seconds: number) =>
    client.db("admin").command({ setParameter: 1, transactionLifetimeLimitSeconds: seconds });
  const slow = {
    update: "runs",
    updates: [{ q: { $where: "sleep(250) || true" }, u: { $set: { n: 1 } }, multi: true }],
  };
  await limit(1);
  try {
    expect(await applyFailure(migration("0001_slow.ts", [{ create: "more" }, slow]))).toEqual([
      "0001_slow.ts step 2 (update): operation was interrupted because the transaction exceeded the configured " +
        "'transactionLifetimeLimitSeconds'",
      "step 1 of 0001_slow.ts is done, and will not be run again",
      "Split step 2 by ranges of `_id`: MongoDB ends a transaction after 60 s, unless its server is set otherwise. " +
        "Then run `pulumi up` again.",
    ]);
  } finally {
    await limit(60);
  }
  expect(await runs.countDocuments({ n: 1 })).toBe(0);
});

describe("a renaming", () => {
  const change = migration("0001_rename.ts", [{ renameCollection: "old", to: "new" }, { create: "more" }]);

  // A run that is killed before the renaming took place.
  beforeEach(async () => {
    await database.createCollection("old");
    const release = await holdCollection(client, connection.database, "old");
    const killed = startRunner(connection, [change]);
    await until(async () => (await ledger.progress())[0]?.started !== undefined);
    await until(async () => (await operationsOf(client, connection.database)).length === 1);
    killed.process.kill("SIGKILL");
    await killed.output;
    // It is still in the server, and would take place when the collection is let go of.
    expect(await operationsOf(client, connection.database)).toHaveLength(1);
    await underLock(connection, async () => expect(await operationsOf(client, connection.database)).toEqual([]));
    await release();
    expect(await collections()).toEqual(["old"]);
  });

  test("that was begun and did not take place is made up for", async () => {
    await apply(change);
    expect(await collections()).toEqual(["more", "new"]);
  });

  test("that took place in a run that did not see it is done", async () => {
    await database.renameCollection("old", "new");
    await apply(change);
    expect(await collections()).toEqual(["more", "new"]);
    expect(await ledger.progress()).toEqual([]);
  });

  test("that took place is done though a service has made the old name again", async () => {
    await database.renameCollection("old", "new");
    await database.collection("old").insertOne({ name: "of a service" });
    await apply(change);
    expect(await collections()).toEqual(["more", "new", "old"]);
    expect(await ledger.history()).toEqual(["applied 0001_rename.ts 3"]);
  });

  test("is not taken for done where another collection has the new name", async () => {
    await database.renameCollection("old", "elsewhere");
    await database.createCollection("new");
    expect(await applyFailure(change)).toEqual([
      "0001_rename.ts step 1 (renameCollection): Source collection " + connection.database + ".old does not exist",
      "nothing of 0001_rename.ts was kept",
      "Mend the file, and run `pulumi up` again.",
    ]);
  });
});

test("a renaming after other steps is not taken for begun", async () => {
  await database.createCollection("new");
  const change = migration("0001_rename.ts", [{ create: "more" }, { renameCollection: "old", to: "new" }]);
  expect((await applyFailure(change))[0]).toBe(
    `0001_rename.ts step 2 (renameCollection): Source collection ${connection.database}.old does not exist`,
  );
});

describe("a verify file", () => {
  test("that finds something keeps the migration from being recorded, and its steps from being run again", async () => {
    await database
      .collection("runs")
      .insertMany([{ n: 1 }, { n: 1 }, { n: 1 }].map((each, i) => ({ _id: i as never, ...each })));
    const change = migration(
      "0001_count.ts",
      [{ update: "runs", updates: [{ q: {}, u: { $inc: { n: 1 } }, multi: true }] }],
      {
        verify: [
          { find: "runs", filter: { n: { $gt: 5 } } },
          { aggregate: "runs", pipeline: [{ $match: { n: 2 } }], cursor: {} },
        ],
      },
    );
    expect(await applyFailure(change)).toEqual([
      '0001_count.ts: its verify file found 3 documents: {"_id":0,"n":2}',
      "the steps of 0001_count.ts are done, but it is not recorded as applied",
      expect.stringContaining("steps that are done are not run again"),
    ]);
    expect(await ledger.history()).toEqual([]);
    const mended = migration("0001_count.ts", JSON.parse(change.text.slice("export default ".length, -2)), {
      verify: [{ find: "runs", filter: { n: { $ne: 2 } } }],
    });
    await apply(mended);
    expect(await ledger.history()).toEqual(["applied 0001_count.ts 2"]);
  });
});

describe("a way back", () => {
  const change = migration("0001_make.ts", [{ create: "runs" }], {
    down: [{ delete: "runs", deletes: [{ q: { n: 1 }, limit: 0 }] }, { drop: "runs" }],
  });

  test("tells what it takes away, takes it, and leaves the migration to be applied again", async () => {
    await apply(change);
    await database.collection("runs").insertMany(Array.from({ length: 1204 }, (_, n) => ({ n: n % 2 })));
    await underLock(connection, async (mongo) => {
      expect(await mongo.losses(change.down!)).toEqual(["602 documents of runs", "1,204 documents of runs"]);
      await mongo.revert(change);
      expect((await mongo.readLedger()).version).toBe("");
      expect(await collections()).toEqual([]);
      await mongo.apply([change]);
    });
    expect(await ledger.history()).toEqual([
      "applied 0001_make.ts 1",
      "reverted 0001_make.ts 2",
      "applied 0001_make.ts 2",
    ]);
  });

  test("that is missing is asked for", async () => {
    await apply(migration("0001_make.ts", [{ create: "runs" }]));
    const revert = underLock(connection, (mongo) => mongo.revert(migration("0001_make.ts", [{ create: "runs" }])));
    expect(await refusal(revert)).toBe(
      "0001_make.ts has no down file. Write one, or write a migration that undoes it.",
    );
  });
});

describe("the ledger", () => {
  test("keeps texts, rows that were not run, and the snapshot", async () => {
    const [one, two] = [
      migration("0001_make.ts", [{ create: "runs" }]),
      migration("0002_more.ts", [{ create: "more" }]),
    ];
    await underLock(connection, async (mongo) => {
      await mongo.record("baselined", [one]);
      await mongo.apply([two]);
      await mongo.record("repaired", [{ ...one, text: "// moved\n" + one.text, checksum: "c" }]);
      const snapshot = { version: two.name, objects: { "collection a.b": '{"$x":1}', $c: "" } };
      await mongo.writeSnapshot(snapshot);
      expect(await mongo.readSnapshot()).toEqual(snapshot);
      expect(await mongo.appliedText(one.name)).toBe("// moved\n" + one.text);
    });
    expect(await collections()).toEqual(["more"]);
    expect(await ledger.history()).toEqual([
      "baselined 0001_make.ts 1",
      "applied 0002_more.ts 1",
      "repaired 0001_make.ts 1",
    ]);
  });

  test("of a run that was killed before it moved its rows is whole, for whoever reads it", async () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      migration(`00${10 + i}_make.ts`, [i === 0 ? { create: "runs" } : { collMod: "runs", validationLevel: "off" }]),
    );
    const names = many.map(({ name }) => name);
    const killed = await locked(connection);
    for (const each of many) await killed.apply([each]);
    killed.lease.abandon();
    expect(await ledger.history()).toHaveLength(40);
    expect((await killed.readLedger()).migrations.map(({ name }) => name)).toEqual(names);
    expect(await killed.appliedText(names[49]!)).toBe(many[49]!.text);

    await underLock(connection, async (mongo) => {
      expect((await mongo.readLedger()).migrations.map(({ name }) => name)).toEqual(names);
    });
    expect(await ledger.history()).toEqual(names.map((name) => `applied ${name} 1`));
    await killed.close();
  });

  test("of a former release is read, and has no texts", async () => {
    const appliedAt = new Date("2026-01-01T00:00:00Z");
    const rows = client.db(`${connection.database}_ledger`).collection<{ _id: string }>("migrations");
    await rows.insertOne({ _id: "0001_make.ts", checksum: "c", appliedAt } as { _id: string });
    await underLock(connection, async (mongo) => {
      expect(await mongo.readLedger()).toEqual({
        version: "0001_make.ts",
        migrations: [{ name: "0001_make.ts", checksum: "c", appliedAt }],
        seeds: [],
      });
      expect(await mongo.appliedText("0001_make.ts")).toBeUndefined();
    });
  });
});
