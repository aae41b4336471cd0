import { expect, test } from "@jest/globals";
import { withSnapshot } from "../../../migrator/snapshot.ts";
import type { Catalog, Database, Ledger, Snapshot, Unfinished } from "../../../migrator/types.ts";
import { refusal } from "../../support/migrations.ts";

/** A database with a schema, and a ledger that has one migration and what is unfinished. */
function databaseWith(snapshot: Snapshot | undefined, catalog: Catalog, unfinished?: Unfinished) {
  const ledger: Ledger = { version: "0001_a.sql", migrations: [], seeds: [] };
  const state = { ledger, snapshot, catalog };
  const read = (): Ledger => ({
    ...state.ledger,
    ...(unfinished && { unfinished }),
    ...(state.snapshot && { snapshotOf: state.snapshot.version }),
  });
  const database = {
    readLedger: async () => read(),
    readCatalog: async () => state.catalog,
    readSnapshot: async () => state.snapshot,
    writeSnapshot: async (next: Snapshot) => void (state.snapshot = next),
  } as unknown as Database;
  const told: string[] = [];
  const run = (change: () => void) =>
    withSnapshot(
      database,
      read(),
      (sentence) => told.push(sentence),
      async () => change(),
    );
  return { state, database, told, run };
}

const a = { "table a": "" };
const index = { "index i": "on a" };
const byHand = { "table by_hand": "" };
const drift = ["Drift: table by_hand is there, but no migration made it."];

test("what somebody changed by hand is told, and not noted as the migrations' work", async () => {
  const { state, told, run } = databaseWith({ version: "0001_a.sql", objects: a }, { ...a, ...byHand });
  await run(() => (state.catalog = { ...a, ...byHand, ...index }));
  expect(told).toEqual(drift);
  expect(state.snapshot).toEqual({ version: "0001_a.sql", objects: { ...a, ...index } });
});

test.each([
  ["done", { name: "0002_b.sql", done: ["hash"] }],
  ["begun", { name: "0002_b.sql", done: [], started: "hash" }],
])("what a run had %s when it was killed is its own work, and not told", async (_what, unfinished) => {
  const { state, told, run } = databaseWith({ version: "0001_a.sql", objects: a }, { ...a, ...index }, unfinished);
  await run(() => {});
  expect(told).toEqual([]);
  expect(state.snapshot?.objects).toEqual({ ...a, ...index });
});

test("what somebody changed by hand stays told when a file fails between two of its statements", async () => {
  const unfinished = { name: "0002_b.sql", done: ["hash"] };
  const { state, told, run } = databaseWith({ version: "0001_a.sql, 1 of 0002_b.sql", objects: a }, a, unfinished);
  state.catalog = { ...a, ...byHand };
  await run(() => (state.catalog = { ...a, ...byHand, ...index }));
  expect(told).toEqual(drift);
  expect(state.snapshot).toEqual({ version: "0001_a.sql, 1 of 0002_b.sql", objects: { ...a, ...index } });
});

test("a failure is told also when the schema can't be noted after it", async () => {
  const { database, run } = databaseWith(undefined, a);
  database.writeSnapshot = () => Promise.reject(new Error("no space left"));
  const fail = () => {
    throw new Error("relation x does not exist");
  };
  expect(await refusal(run(fail))).toBe("relation x does not exist");
  expect(await refusal(run(() => {}))).toBe("no space left");
});
