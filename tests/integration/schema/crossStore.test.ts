import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { BSON } from "mongodb";
import type pg from "pg";
import { crossStoreViolations } from "../../../operations/crossStore.ts";
import { brokenInvariants } from "../../../operations/invariants.ts";
import type { StackOutputs } from "../../../outputs.ts";
import { contentHash } from "../../../schema/mongodb/contentHash.ts";
import { type Edit, faults, unhashed, variations } from "../../support/crossStoreFaults.ts";
import { type TradingMongo, startTradingMongo } from "../../support/schemaMongo.ts";
import { type IdDocument, changed } from "../../support/schemaMongoRefusals.ts";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";

jest.setTimeout(300_000);

let postgres: TradingPostgres;
let mongo: TradingMongo;
let owner: pg.Client;
/** The one run there is: the sample. */
let runId: string;

beforeAll(async () => {
  postgres = await startTradingPostgres("dev");
  mongo = await startTradingMongo("default", "dev");
  owner = await postgres.connect("trading_migrator");
  runId = (await owner.query("SELECT run_id FROM simulation_runs")).rows[0].run_id;
});
afterAll(() => Promise.all([postgres?.remove(), mongo?.remove()]));

const undo: (() => Promise<unknown>)[] = [];
beforeEach(() => owner.query("BEGIN"));
afterEach(async () => {
  await owner.query("ROLLBACK");
  for (const act of undo.splice(0)) await act();
});

/** Edits a document, past its validator, until the end of the test. @returns the hash of its content then. */
async function edit({ collection, id, changes, rehashed }: Edit): Promise<string> {
  const documents = mongo.database.collection<IdDocument>(collection);
  const original = (await documents.findOne({ _id: id })) as IdDocument;
  const past = { bypassDocumentValidation: true, upsert: true };
  undo.push(() => documents.replaceOne({ _id: id }, original, past));
  if (changes === null) {
    await documents.deleteOne({ _id: id });
    return "";
  }
  const document = changed(original, changes);
  const hash = contentHash(collection, BSON.EJSON.serialize(document));
  if (rehashed) {
    document["config_hash"] = hash;
    await owner.query("UPDATE simulation_runs SET config_hash = $1", [hash]);
  }
  await documents.replaceOne({ _id: id }, document, past);
  return hash;
}

async function violations() {
  const found = await crossStoreViolations(owner, mongo.database);
  const hashed = (text: string | null) =>
    /^[0-9a-f]{64}$/.test(text ?? "") && !/^0+$/.test(text ?? "") ? "(hash)" : text;
  return found.map(({ stored, expected, ...place }) => ({
    ...place,
    stored: hashed(stored),
    expected: hashed(expected),
  }));
}

test("the sample run and all documents agree", async () => {
  expect(await violations()).toEqual([]);
});

test.each(faults)("a run is found to have $fault", async ({ edit: change, run, violations: expected }) => {
  if (change) await edit(change);
  if (run) await owner.query(`UPDATE simulation_runs SET ${run}`);
  expect(await violations()).toEqual(
    expected.map(([subject, rule, stored, wanted]) => ({ run_id: runId, subject, rule, stored, expected: wanted })),
  );
});

test.each(variations)("a run may have $fault", async ({ edit: change, run }) => {
  if (change) await edit(change);
  if (run) await owner.query(`UPDATE simulation_runs SET ${run}`);
  expect(await violations()).toEqual([]);
});

test.each(unhashed)("a document of $collection is found to be edited", async (change) => {
  const { collection, id } = change;
  const field = collection === "simulation_configs" ? "config_hash" : "content_hash";
  const stored = (await mongo.database.collection<IdDocument>(collection).findOne({ _id: id }))?.[field];
  const expected = await edit(change);
  expect(await crossStoreViolations(owner, mongo.database)).toEqual([
    { run_id: null, subject: id, rule: `${field} is the hash of the content`, stored, expected },
  ]);
});

test("a draft may lack a hash", async () => {
  const draft = { status: "draft", is_default: false, content_hash: undefined };
  await edit({ collection: "algorithm_versions", id: "ts_momentum@1.0.0", changes: draft });
  expect(await violations()).toEqual([]);
});

test("every run is checked, however many there are", async () => {
  const { rows } = await owner.query(`
    SELECT string_agg(attname, ', ') AS names FROM pg_attribute
    WHERE attrelid = 'simulation_runs'::regclass AND attnum > 0 AND attname NOT IN ('run_id', 'run_uid')`);
  const [{ names }] = rows;
  await owner.query("UPDATE simulation_runs SET timeframe = '1h'");
  await owner.query(
    `INSERT INTO simulation_runs (run_uid, ${names}) SELECT gen_random_uuid(), ${names}
     FROM simulation_runs, generate_series(1, 2000)`,
  );
  const found = await crossStoreViolations(owner, mongo.database);
  expect(found).toHaveLength(2001);
  expect(new Set(found.map(({ run_id }) => run_id)).size).toBe(2001);
});

describe("the invariants of a stack", () => {
  const password = "of-this-test";
  const outputs = () =>
    ({
      postgres: {
        fromHost: { host: "127.0.0.1", port: postgres.port },
        database: "trading_results",
        passwords: { trading_readonly: password },
      },
      mongodb: {
        fromHost: { host: "127.0.0.1", port: mongo.port },
        database: "trading_configs",
        user: "reader",
        password,
      },
    }) as StackOutputs;

  beforeAll(async () => {
    const superuser = await postgres.connect("postgres");
    await superuser.query(`ALTER ROLE trading_readonly PASSWORD '${password}'`);
    const roles = [{ role: "read", db: "trading_configs" }];
    await mongo.database.client.db("admin").command({ createUser: "reader", pwd: password, roles });
  });

  test("hold for the sample", async () => {
    expect(await brokenInvariants(outputs())).toEqual({ checks: [], crossStore: [] });
  });

  test("name the checks that find something, and each disagreement", async () => {
    await owner.query("UPDATE simulation_runs SET open_trades = 3, timeframe = '1h'; COMMIT");
    undo.push(() => owner.query("UPDATE simulation_runs SET open_trades = 2, timeframe = '1d'"));
    const { checks, crossStore } = await brokenInvariants(outputs());
    expect(checks).toContainEqual({ check_name: "v_check_trade_counts", violations: 1 });
    expect(crossStore).toEqual([
      { run_id: runId, subject: null, rule: "timeframe is that of the configuration", stored: "1h", expected: "1d" },
    ]);
  });
});
