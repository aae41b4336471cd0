import { describe, expect, test } from "@jest/globals";
import { readFileSync, readdirSync } from "node:fs";
import { contentHash } from "../../../schema/mongodb/contentHash.ts";

const folder = "schema/mongodb/seeds";

interface Reference {
  name: string;
  version: string;
  content_hash: string;
}

interface Parameter {
  name: string;
  type: "int" | "float" | "bool" | "categorical";
  min: number;
  max: number;
  choices: string[];
}

interface Config {
  _id: string;
  config_hash: string;
  algorithm: Reference;
  simulator: Reference;
  parameters: Record<string, unknown>;
  universe: { asset_class: string };
  data: { timeframe: string };
  periods_per_year: number;
  sweep?: { space: Record<string, { min: number; max: number; step: number }>; max_trials: number };
}

const files = readdirSync(folder).flatMap((set) => readdirSync(`${folder}/${set}`).map((name) => `${set}/${name}`));
const seeds = files.map((file) => ({ file, ...JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) }));
const documents = (collection: string) =>
  seeds.filter((seed) => seed.collection === collection).flatMap((seed) => seed.documents);
const algorithms = documents("algorithm_versions");
const simulators = documents("simulator_configs");
const configs: Config[] = documents("simulation_configs");
const named = ({ _id }: { _id: string }) => _id;

test("seeds are numbered files of one collection, in sets", () => {
  expect(files.sort()).toEqual([
    "default/0001_algorithm_versions.json",
    "default/0002_simulator_configs.json",
    "default/0003_simulation_configs.json",
    "dev/0001_sample_simulation_config.json",
  ]);
  for (const seed of seeds) expect(Object.keys(seed)).toEqual(["file", "collection", "documents"]);
});

test("each document has an _id that says what it is, and no two the same", () => {
  expect(algorithms.map(named)).toEqual([
    "buy_and_hold@1.0.0",
    "sma_crossover@1.0.0",
    "sma_crossover@1.1.0",
    "rsi_mean_reversion@1.0.0",
    "ts_momentum@1.0.0",
  ]);
  expect(simulators.map(named)).toEqual([
    "frictionless@1.0.0",
    "us_equity_daily@1.0.0",
    "us_equity_intraday@1.0.0",
    "crypto_spot@1.0.0",
    "crypto_perp@1.0.0",
    "cme_futures@1.0.0",
  ]);
  expect(configs.map(named)).toEqual([
    "spy-buy-and-hold-2015-2024",
    "spy-sma-50-200-v1-0-0",
    "spy-sma-50-200-v1-1-0",
    "btc-usdt-rsi-1h-2021-2024",
    "spy-sma-grid-sweep",
    "etf-rsi-sample-2023-2024",
  ]);
});

test.each(algorithms.map((document) => [document._id, document]))("%s has the hash of its content", (_, document) => {
  expect(document.content_hash).toBe(contentHash("algorithm_versions", document));
});

test.each(simulators.map((document) => [document._id, document]))("%s has the hash of its content", (_, document) => {
  expect(document.content_hash).toBe(contentHash("simulator_configs", document));
});

test.each(simulators.filter(({ _id }) => _id !== "frictionless@1.0.0"))(
  "$_id says that its rates are illustrative",
  (document) => {
    expect(document.description).toMatch(/Rates are illustrative: set your broker's or venue's own\.$/);
  },
);

describe.each(configs)("$_id", (config) => {
  const find = (list: (Reference & { _id: string })[], { name, version }: Reference) =>
    list.find(({ _id }) => _id === `${name}@${version}`);
  const algorithm = algorithms.find(({ _id }) => _id === `${config.algorithm.name}@${config.algorithm.version}`);
  const simulator = simulators.find(({ _id }) => _id === `${config.simulator.name}@${config.simulator.version}`);
  const schema = new Map<string, Parameter>(algorithm.parameter_schema.map((each: Parameter) => [each.name, each]));

  test("has the hash of its content", () => {
    expect(config.config_hash).toBe(contentHash("simulation_configs", config));
  });

  test("names an algorithm and a simulator of these seeds by version and hash, neither a draft", () => {
    expect(find(algorithms, config.algorithm)?.content_hash).toBe(config.algorithm.content_hash);
    expect(find(simulators, config.simulator)?.content_hash).toBe(config.simulator.content_hash);
    expect(["released", "deprecated"]).toContain(algorithm.status);
    expect(simulator.status).toBe("released");
  });

  test("gives parameters that the algorithm has, inside their ranges", () => {
    for (const [name, value] of Object.entries(config.parameters)) {
      expect({ name, value, allowed: allows(schema.get(name), value) }).toEqual({ name, value, allowed: true });
    }
  });

  test("annualises as its simulator's calendar does, and trades what its algorithm supports", () => {
    expect(config.periods_per_year).toBe(simulator.calendar.periods_per_year);
    expect(config.universe.asset_class).toBe(simulator.asset_class);
    expect(algorithm.supported_asset_classes).toContain(config.universe.asset_class);
  });

  test("sweeps inside the ranges, as often as it says", () => {
    const axes = Object.entries(config.sweep?.space ?? {});
    const points = axes.map(([name, { min, max, step }]) => {
      expect([allows(schema.get(name), min), allows(schema.get(name), max)]).toEqual([true, true]);
      return Math.floor((max - min) / step) + 1;
    });
    expect(points.reduce((product, count) => product * count, 1)).toBe(config.sweep?.max_trials ?? 1);
  });
});

function allows(parameter: Parameter | undefined, value: unknown): boolean {
  switch (parameter?.type) {
    case "int":
      return Number.isInteger(value) && parameter.min <= Number(value) && Number(value) <= parameter.max;
    case "float":
      return typeof value === "number" && parameter.min <= value && value <= parameter.max;
    case "bool":
      return typeof value === "boolean";
    case "categorical":
      return parameter.choices.includes(String(value));
    default:
      return false;
  }
}
