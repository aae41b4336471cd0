import { describe, expect, jest, test } from "@jest/globals";
import type { Db, Document, MongoClient } from "mongodb";
import type { ApplyFailure } from "../../../../migrator/errors.ts";
import { parseSteps } from "../../../../migrator/mongodb/steps.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { refusal } from "../../../support/migrations.ts";
import { ledgerOf, migration, underLock } from "./engine.ts";

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

const apply = (...steps: Document[]) =>
  underLock(connection, (mongo) => mongo.apply([migration("0001_make.ts", steps)]));
const infoOf = async (name: string) => (await database.listCollections({ name }, { nameOnly: false }).next())!;

describe("a create of what is there already", () => {
  test.each<[Document, Document, string]>([
    [{}, { capped: true, size: 4096 }, "capped: true (it has none) and size: 4096 (it has none)"],
    [{ capped: true, size: 4096 }, {}, "capped: none (it has true) and size: none (it has 4096)"],
    [{ capped: true, size: 4096 }, { capped: true, size: 5000 }, "size: 5000 (it has 4096)"],
    [{}, { timeseries: { timeField: "at" } }, 'timeseries: {"timeField":"at"} (it has none)'],
    [
      { timeseries: { timeField: "at" } },
      { timeseries: { timeField: "at" }, expireAfterSeconds: 60 },
      "expireAfterSeconds: 60 (it has none)",
    ],
    [{}, { collation: { locale: "de" } }, 'collation: {"locale":"de"} (it has none)'],
    [
      {},
      { clusteredIndex: { key: { _id: 1 }, unique: true } },
      'clusteredIndex: {"key":{"_id":1},"unique":true} (it has none)',
    ],
    [{ viewOn: "runs", pipeline: [] }, { validator: {} }, 'viewOn: none (it has "runs")'],
    [{}, { viewOn: "runs", pipeline: [] }, 'viewOn: "runs" (it has none)'],
  ])("is refused where it has %j and is wanted with %j", async (options, wanted, asked) => {
    await database.createCollection("log", options);
    const before = await infoOf("log");
    expect(await refusal(apply({ create: "log", ...wanted }))).toBe(
      `0001_make.ts step 1 (create): log is there already, and can't be given other options: the step asks for ${asked}. ` +
        "State what it has, or give the new one another name",
    );
    expect(await infoOf("log")).toEqual(before);
    expect(await ledger.history()).toEqual([]);
  });

  test("sees the same options in what the server made of them", async () => {
    const steps = [
      { create: "log", capped: true, size: { $numberLong: "5000" }, max: 10 },
      { create: "ticks", timeseries: { timeField: "at", metaField: "symbol" }, expireAfterSeconds: 60 },
      { create: "names", collation: { locale: "de" }, changeStreamPreAndPostImages: { enabled: true } },
      { create: "plain", capped: false },
      { create: "clustered", clusteredIndex: { key: { _id: 1 }, unique: true } },
      { create: "view", viewOn: "names" },
    ];
    await apply(...steps, ...steps);
    expect(await ledger.history()).toEqual(["applied 0001_make.ts 1"]);
  });

  test("lets a view look elsewhere", async () => {
    await database.createCollection("view", { viewOn: "runs", pipeline: [] });
    await apply({ create: "view", viewOn: "names", pipeline: [{ $match: { a: 1 } }] });
    expect((await infoOf("view")).options).toEqual({ viewOn: "names", pipeline: [{ $match: { a: 1 } }] });
  });

  test("is refused where documents are there that the file did not bring", async () => {
    await database.collection("appmade").insertOne({ name: "of a user" });
    const failure = await apply({ create: "appmade" }, { drop: "appmade" }).catch((error: ApplyFailure) => error);
    expect(failure).toMatchObject({
      message:
        "0001_make.ts step 1 (create): appmade is there already, and holds documents. To change it, write collMod in place " +
        "of create; if all that the file makes is there, count it as applied by `baseline`",
      kept: "nothing of 0001_make.ts was kept",
    });
    expect(await database.collection("appmade").countDocuments()).toBe(1);
  });

  test("goes on where an interrupted run may have made it, and a service wrote to it since", async () => {
    const change = migration("0001_make.ts", [{ create: "first" }, { create: "second" }, { create: "third" }]);
    await database.createCollection("second", { collation: { locale: "de" } });
    await underLock(connection, async (mongo) => {
      expect(await refusal(mongo.apply([change]))).toContain("second is there already");
    });
    const [{ done }] = (await ledger.progress()) as Document[] as [Document];
    const { hash } = parseSteps(change).steps[1]!;
    await database.dropCollection("second");
    await database.collection("second").insertOne({ name: "of a service" });
    // As a run leaves it that was killed when the collection was made.
    await client.db(`${connection.database}_ledger`).collection("progress").replaceOne({}, { done, started: hash });
    await underLock(connection, (mongo) => mongo.apply([change]));
    expect(await ledger.history()).toEqual(["applied 0001_make.ts 2"]);
  });
});
