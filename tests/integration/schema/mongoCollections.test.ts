import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Document } from "mongodb";
import { type TradingMongo, readMongoSeeds, startTradingMongo } from "../../support/schemaMongo.ts";
import { type IdDocument, changed } from "../../support/schemaMongoRefusals.ts";

jest.setTimeout(300_000);

let server: TradingMongo;
beforeAll(async () => {
  server = await startTradingMongo("default", "dev");
});
afterAll(() => server?.remove());

const collections = ["algorithm_versions", "simulation_configs", "simulator_configs"];
const documents = [...readMongoSeeds("default"), ...readMongoSeeds("dev")].flatMap((seed) => seed.documents);

describe("unique indexes refuse", () => {
  test.each([
    ["algorithm_versions", "sma_crossover@1.0.0", "algorithm_version", {}],
    [
      "algorithm_versions",
      "sma_crossover@1.1.0",
      "one_default_for_each_algorithm",
      { version: "1.2.0", version_sort: [1, 2, 0] },
    ],
    ["simulator_configs", "us_equity_intraday@1.0.0", "simulator_version", {}],
    [
      "simulator_configs",
      "us_equity_intraday@1.0.0",
      "one_default_for_each_asset_class",
      { version: "1.1.0", is_default: true },
    ],
    ["simulation_configs", "spy-sma-grid-sweep", "config_hash", {}],
  ])("in %s a second %s by %s", async (collection, id, index, changes: Document) => {
    const original = documents.find(({ _id }) => _id === id) as IdDocument;
    const target = server.database.collection<IdDocument>(collection);
    // The validator ties _id to name and version, so their index is only reached when validation is off.
    const fresh = changes.version ? `${id.split("@")[0]}@${changes.version}` : "another";
    const copy = changed(original, { ...changes, _id: fresh });
    await expect(target.insertOne(copy, { bypassDocumentValidation: true })).rejects.toMatchObject({
      code: 11000,
      message: expect.stringContaining(` index: ${index} dup key: `),
    });
  });
});

test("every index is as the specification has it", async () => {
  const found: Record<string, Document[]> = {};
  for (const collection of collections) {
    const indexes = await server.database.collection(collection).indexes();
    found[collection] = indexes.filter(({ name }) => name !== "_id_").map((index) => ({ ...index, v: undefined }));
  }
  expect(found).toEqual({
    algorithm_versions: [
      { name: "algorithm_version", key: { algorithm_name: 1, version: 1 }, unique: true },
      {
        name: "one_default_for_each_algorithm",
        key: { algorithm_name: 1 },
        unique: true,
        partialFilterExpression: { is_default: true },
      },
      { name: "content_hash", key: { content_hash: 1 } },
    ],
    simulator_configs: [
      { name: "simulator_version", key: { name: 1, version: 1 }, unique: true },
      {
        name: "one_default_for_each_asset_class",
        key: { asset_class: 1 },
        unique: true,
        partialFilterExpression: { is_default: true },
      },
      { name: "content_hash", key: { content_hash: 1 } },
    ],
    simulation_configs: [
      { name: "config_hash", key: { config_hash: 1 }, unique: true },
      { name: "algorithm", key: { "algorithm.name": 1, "algorithm.version": 1 } },
      { name: "sweep", key: { "sweep.sweep_id": 1 }, sparse: true },
      { name: "tags", key: { tags: 1 } },
      { name: "created_at", key: { created_at: -1 } },
    ],
  });
});

test("trading_configs has exactly its three collections, with the default and the sample documents", async () => {
  const names = (await server.database.listCollections().toArray()).map(({ name }) => name).sort();
  const counts = await Promise.all(names.map((name) => server.database.collection(name).countDocuments()));
  expect(Object.fromEntries(names.map((name, index) => [name, counts[index]]))).toEqual({
    algorithm_versions: 5,
    simulation_configs: 6,
    simulator_configs: 6,
  });
});
