import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ClientSession, Db, MongoClient } from "mongodb";
import { readSeeds } from "../../../../migrator/files.ts";
import { seedMongo, type SeedRow } from "../../../../migrator/mongodb/seed.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { folder, refusal, until, write } from "../../../support/migrations.ts";
import { operationsOf, startRunner, underLock } from "./engine.ts";

jest.setTimeout(300_000);

interface Run {
  _id: string | number;
  value?: unknown;
}

let connection: Connection;
let client: MongoClient;
let database: Db;
let ledger: Db;
let told: string[];
useMongo((fresh) => {
  ({ connection, client } = fresh);
  database = client.db(connection.database);
  ledger = client.db(`${connection.database}_ledger`);
});
beforeEach(async () => {
  told = [];
  await database.createCollection("runs", { validator: { value: { $not: { $type: "string" } } } });
});

const fenced = <T>(work: (session: ClientSession) => Promise<T>) =>
  client.withSession((session) => session.withTransaction(() => work(session)));
const fileIn = (directory: string) => readSeeds("mongodb", directory, ["default"])[0]!;
const fileOf = (name: string, text: string) => fileIn(folder({ [`default/${name}`]: text }));

interface Options {
  known?: boolean;
  overwrite?: boolean;
  assertHeld?: () => Promise<void>;
}

const leaseOf = (assertHeld: () => Promise<void>) => ({ assertHeld, comment: "trading-db lease 1 of test" });

function seed(name: string, text: string, options: Options = {}) {
  const tell = (sentence: string) => void told.push(sentence.replace(/\d+\.\d s/, "N s"));
  const request = { database, ledger, file: fileOf(name, text), fenced, tell };
  const { assertHeld = async () => {}, ...others } = options;
  return seedMongo({ ...request, known: false, overwrite: false, lease: leaseOf(assertHeld), ...others });
}

const runs = () => database.collection<Run>("runs");
const found = async () => (await runs().find().sort({ _id: 1 }).toArray()).map(({ _id, value }) => [_id, value]);
const row = () => ledger.collection<SeedRow>("seeds").findOne();

describe("a .json seed", () => {
  const name = "0001_runs.json";
  const text = (...documents: Run[]) => JSON.stringify({ collection: "runs", documents });
  const of = (values: Record<string, number>) =>
    text(...Object.entries(values).map(([_id, value]) => ({ _id, value })));

  test("is merged three ways when it was edited", async () => {
    expect(await seed(name, of({ "same.$x": 1, mine: 1, gone: 1, dropped: 1, kept: 1 }))).toEqual({});
    expect(Object.keys((await row())!.documents!)).toEqual(['"same.$x"', '"mine"', '"gone"', '"dropped"', '"kept"']);
    await runs().updateOne({ _id: "mine" }, { $set: { value: 9 } });
    await runs().updateOne({ _id: "kept" }, { $set: { value: 9 } });
    await runs().deleteOne({ _id: "gone" });
    const edited = of({ "same.$x": 2, mine: 2, gone: 2, new: 2, kept: 1 });
    expect(await seed(name, edited, { known: true })).toEqual({
      left:
        'default/0001_runs.json: of runs, "mine" is left as users made it; "gone" is left out, because users deleted it; ' +
        'with `npm run migrate -- seed default --overwrite` the file wins; "dropped" is left, though the file no longer has it.',
    });
    expect(await found()).toEqual([["dropped", 1], ["kept", 9], ["mine", 9], ["new", 2], ["same.$x", 2]]); // prettier-ignore
    expect(await row()).toMatchObject({ _id: "default/0001_runs.json", checksum: fileOf(name, edited).checksum });

    expect(await seed(name, edited, { known: true, overwrite: true })).toEqual({
      left: 'default/0001_runs.json: of runs, "dropped" is left, though the file no longer has it.',
    });
    expect(await found()).toEqual([["dropped", 1], ["gone", 2], ["kept", 1], ["mine", 2], ["new", 2], ["same.$x", 2]]); // prettier-ignore
  });

  test("follows its file again in a document that the file dropped and brings back", async () => {
    await seed(name, of({ a: 1, b: 1 }));
    await seed(name, of({ b: 1 }), { known: true });
    expect(await seed(name, of({ a: 2, b: 1 }), { known: true })).toEqual({});
    expect(await found()).toEqual([["a", 2], ["b", 1]]); // prettier-ignore
  });

  test("leaves what users had before it, and tells so", async () => {
    await runs().insertOne({ _id: "b", value: 9 });
    expect(await seed(name, of({ a: 1, b: 1 }))).toEqual({});
    expect(await found()).toEqual([["a", 1], ["b", 9]]); // prettier-ignore
    expect(told).toEqual([
      'default/0001_runs.json: of runs, "b" is left as users made it; with `npm run migrate -- seed default --overwrite` the file wins.',
    ]);
  });

  test("of an earlier release gets its new documents alone", async () => {
    await ledger
      .collection<SeedRow>("seeds")
      .insertOne({ _id: "default/0001_runs.json", checksum: "old", appliedAt: new Date() });
    await runs().insertOne({ _id: "a", value: 1 });
    expect(await seed(name, of({ a: 2, b: 2 }), { known: true })).toEqual({
      left:
        'default/0001_runs.json: of runs, "a" is left, because an earlier release did not note what it seeded; ' +
        "with `npm run migrate -- seed default --overwrite` the file wins.",
    });
    expect(await found()).toEqual([["a", 1], ["b", 2]]); // prettier-ignore
  });

  test("that breaks a rule keeps nothing, and names the document and the rule", async () => {
    await seed(name, of({ a: 1 }));
    const before = await row();
    await expect(
      seed(name, text({ _id: "b", value: 1 }, { _id: "a", value: "x" }), { known: true }),
    ).rejects.toMatchObject({
      message: 'default/0001_runs.json: document with _id "a": Document failed validation',
      kept: "nothing of default/0001_runs.json was kept",
      remedy: "Mend the file, and run `pulumi up` again.",
    });
    expect(await found()).toEqual([["a", 1]]);
    expect(await row()).toEqual(before);
  });

  test.each([
    ["{", /^.*0001_runs\.json is not Extended JSON \(.+\)\. A seed is /],
    ['{ "documents": [] }', /^.*0001_runs\.json is not a seed\. A seed is /],
    [
      '{ "collection": "runs", "documents": [{ "_id": 1 }, {}] }',
      /^.*json has a document 2 without an _id\. A seed is /,
    ],
    [
      '{ "collection": "runs", "documents": [{ "_id": "a" }, { "_id": "a" }] }',
      /^.*json has two documents with the _id "a"\. A seed is /,
    ],
    ['{ "collection": "run", "documents": [] }', /^default\/0001_runs\.json: test_\w+ has no collection "run"$/],
  ])("like %j is refused", async (text, message) => {
    expect(await refusal(seed(name, text))).toMatch(message);
    expect(await row()).toBeNull();
  });
});

describe("an .ndjson seed", () => {
  const name = "0001_runs.ndjson";
  const text = (documents: Run[]) =>
    [{ collection: "runs" }, ...documents].map((line) => `${JSON.stringify(line)}\n`).join("");
  const many = (count: number, value: (index: number) => unknown = () => 1) =>
    text(Array.from({ length: count }, (_, _id) => ({ _id, value: value(_id) })));

  test("is inserted in batches, and what is there already is left", async () => {
    await runs().insertOne({ _id: 7, value: 9 });
    expect(await seed(name, many(2500))).toEqual({});
    expect(await runs().countDocuments()).toBe(2500);
    expect(await runs().findOne({ _id: 7 })).toEqual({ _id: 7, value: 9 });
    expect(told).toEqual([
      "default/0001_runs.ndjson: 2,500 lines in N s, 1 document of them there already.",
      "default/0001_runs.ndjson: 1 document of runs that differs from the file was left as it is. " +
        "To give it the file's values, run `npm run migrate -- seed default --overwrite`.",
    ]);
    expect(await row()).toMatchObject({ _id: "default/0001_runs.ndjson", checksum: fileOf(name, many(2500)).checksum });
    expect(await ledger.collection("seed_progress").countDocuments()).toBe(0);
  });

  test("that was edited inserts what is new, and tells what it left", async () => {
    await seed(name, many(3));
    const edited = many(5, (index) => (index === 1 ? 2 : 1));
    expect(await seed(name, edited, { known: true })).toEqual({
      left:
        "default/0001_runs.ndjson was edited since it was seeded: its new documents were inserted, and 1 document of runs " +
        "that differs from the file was left as it is. To give it the file's values, run `npm run migrate -- seed default --overwrite`.",
    });
    expect(await found()).toEqual([[0, 1], [1, 1], [2, 1], [3, 1], [4, 1]]); // prettier-ignore
    expect(await seed(name, edited, { known: true, overwrite: true })).toEqual({});
    expect(await found()).toEqual([[0, 1], [1, 2], [2, 1], [3, 1], [4, 1]]); // prettier-ignore
  });

  test.each([1, 3000])("that has an _id twice tells so where the two differ (%i lines apart)", async (apart) => {
    const lines = Array.from({ length: apart + 1 }, (_, _id) => ({ _id, value: 1 }));
    lines[apart] = { _id: 0, value: 2 };
    expect(await seed(name, text([...lines, { _id: 0, value: lines[0]!.value }]))).toEqual({});
    expect(await runs().countDocuments()).toBe(apart);
    expect(told.at(-1)).toMatch(
      /^default\/0001_runs\.ndjson: [12] documents? of runs that differs? from the file (was|were) left as (it is|they are)\. /,
    );
  });

  test("with a line that the server refuses names the line, and is gone on with when it was mended", async () => {
    await expect(
      seed(
        name,
        many(2500, (index) => (index === 1700 ? "x" : 1)),
      ),
    ).rejects.toMatchObject({
      message: "default/0001_runs.ndjson line 1702: Document failed validation",
      kept: "what was inserted of default/0001_runs.ndjson stays, and is skipped by the next run",
    });
    expect(await row()).toBeNull();
    expect(await seed(name, many(2500))).toEqual({});
    expect(await runs().countDocuments()).toBe(2500);
  });

  test("with another unique value that is taken names the line", async () => {
    await runs().createIndex({ value: 1 }, { name: "value", unique: true });
    expect(await refusal(seed(name, many(2)))).toBe(
      `default/0001_runs.ndjson line 3: E11000 duplicate key error collection: ${connection.database}.runs index: value ` +
        "dup key: { value: 1 }",
    );
  });

  test("with a line that is no document names the line", async () => {
    expect(await refusal(seed(name, `${text([{ _id: 1 }])}{"id":2}\n`))).toBe(
      "default/0001_runs.ndjson line 3 is not a document with an _id, which makes it the same at each run",
    );
  });

  test("stops when the lease is lost", async () => {
    let asked = 0;
    const assertHeld = async () => {
      if ((asked += 1) === 3) throw new Error("The lease was lost.");
    };
    expect(await refusal(seed(name, many(5000), { assertHeld }))).toBe("The lease was lost.");
    expect(await runs().countDocuments()).toBe(2000);
    expect(await row()).toBeNull();
  });

  test.each([false, true])("of a frozen run is ended by the run after it (overwrite: %s)", async (overwrite) => {
    await runs().insertOne({ _id: 1, value: 9 });
    // With overwrite, the insert of a missing one would come before the replacement that is looked for.
    if (overwrite) await runs().insertOne({ _id: 0, value: 1 });
    const directory = folder({ [`default/${name}`]: many(2) });
    const session = client.startSession();
    session.startTransaction();
    // What the seed waits for: to insert the one, or to replace the other.
    if (overwrite) await runs().updateOne({ _id: 1 }, { $set: { value: 0 } }, { session });
    else await runs().insertOne({ _id: 0, value: 0 }, { session });
    const frozen = startRunner(
      connection,
      [],
      `const { readSeeds } = await import("./migrator/files.ts");
       const [file] = readSeeds("mongodb", ${JSON.stringify(directory)}, ["default"]);
       await database.seed(file, { known: false, overwrite: ${overwrite} });`,
    );
    const atWork = () => operationsOf(client, connection.database, "runs");
    await until(async () => (await atWork()).length === 1);
    expect(await ledger.collection("seed_progress").countDocuments()).toBe(1);
    frozen.process.kill("SIGSTOP");
    expect(await atWork()).toHaveLength(1);
    await underLock(connection, async () => {
      expect(await atWork()).toEqual([]);
      frozen.process.kill("SIGCONT");
      expect(await frozen.output).toContain("LeaseLost: The lease on the MongoDB ledger was lost");
    });
    await session.abortTransaction();
    await session.endSession();
    expect(await found()).toEqual(overwrite ? [[0, 1], [1, 9]] : [[1, 9]]); // prettier-ignore
  });

  test("that was killed is resumed, and ends with exactly the documents of its file", async () => {
    const count = 200_000;
    const directory = folder({});
    write(directory, { [`default/${name}`]: many(count, (index) => index * 10) });
    const program = `
      import { connectMongo } from "./migrator/mongodb/connection.ts";
      import { readSeeds } from "./migrator/files.ts";
      import { seedMongo } from "./migrator/mongodb/seed.ts";
      const connection = JSON.parse(process.argv[1]);
      const client = await connectMongo(connection);
      const [file] = readSeeds("mongodb", process.argv[2], ["default"]);
      const fenced = (work) => client.withSession((session) => session.withTransaction(() => work(session)));
      await seedMongo({ database: client.db(connection.database), ledger: client.db(connection.database + "_ledger"),
        file, known: false, overwrite: false, tell() {}, fenced,
        lease: { comment: "", assertHeld: () => new Promise((done) => setTimeout(done, 10)) } });`;
    const args = ["--input-type=module", "--eval", program, JSON.stringify(connection), directory];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    const ended = once(child, "exit");
    const progress = ledger.collection<{ _id: string; lines: number }>("seed_progress");
    try {
      await until(async () => ((await progress.findOne())?.lines ?? 0) > 1000);
    } finally {
      child.kill("SIGKILL");
    }
    expect(await ended).toEqual([null, "SIGKILL"]);
    const noted = (await progress.findOne())!.lines;
    const inserted = await runs().countDocuments();
    expect(inserted).toBeGreaterThanOrEqual(noted - 1);
    expect(inserted).toBeLessThan(count);

    const tell = (sentence: string) => void told.push(sentence);
    const request = { database, ledger, file: fileIn(directory), known: false, overwrite: false, tell, fenced };
    expect(await seedMongo({ ...request, lease: leaseOf(async () => {}) })).toEqual({});
    expect(told[0]).toBe(
      `default/0001_runs.ndjson: goes on after line ${noted.toLocaleString("en-US")}, where it was interrupted.`,
    );
    expect(await runs().countDocuments()).toBe(count);
    const wrong = { $expr: { $ne: ["$value", { $multiply: ["$_id", 10] }] } };
    expect(await runs().countDocuments(wrong)).toBe(0);
    expect(await progress.countDocuments()).toBe(0);
    expect(await row()).toMatchObject({ checksum: request.file.checksum });
  });
});
