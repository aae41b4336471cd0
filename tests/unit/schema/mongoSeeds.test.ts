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
  default: unknown;
  min: number;
  max: number;
  step: number;
  choices: string[];
}

interface Config {
  _id: string;
  config_hash: string;
  algorithm: Reference;
  simulator: Reference;
  parameters: Record<string, unknown>;
  universe: { asset_class: string; symbols: string[]; venue?: string };
  data: { timeframe: string };
  period: { warmup_bars: number };
  periods_per_year: number;
  risk_free_rate: number;
  sweep?: { space: Record<string, { min: number; max: number; step: number }>; max_trials: number };
}

const files = readdirSync(folder).flatMap((set) => readdirSync(`${folder}/${set}`).map((name) => `${set}/${name}`));
const seeds = files.map((file) => ({ file, ...JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) }));
const documents = (collection: string) =>
  seeds.filter((seed) => seed.collection === collection).flatMap((seed) => seed.documents);
const algorithms = documents("algorithm_versions");
const simulators = documents("simulator_configs");
const configs: Config[] = documents("simulation_configs");
/** From the finest to the coarsest. */
const timeframes = ["tick", "1m", "5m", "15m", "1h", "1d"];
/** Market identifier codes (ISO 10383). */
const listings: Record<string, string> = { QQQ: "XNAS", SPY: "ARCX", TLT: "XNAS" };
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

test.each(algorithms)("$_id has defaults and upper bounds on the grids of its parameters", ({ parameter_schema }) => {
  for (const parameter of parameter_schema as Parameter[]) {
    if (parameter.step === undefined) continue;
    const { name, default: start, max } = parameter;
    expect({ name, start: onGrid(parameter, start), max: onGrid(parameter, max) }).toEqual({
      name,
      start: true,
      max: true,
    });
  }
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

  test("gives parameters that the algorithm has, inside their ranges and on their grids", () => {
    for (const [name, value] of Object.entries(config.parameters)) {
      const parameter = schema.get(name);
      const found = { name, value, allowed: allows(parameter, value), onGrid: onGrid(parameter, value) };
      expect(found).toEqual({ name, value, allowed: true, onGrid: true });
    }
  });

  test("gives its algorithm the bars that it needs", () => {
    const { min_timeframe, warmup_bars } = algorithm.required_data;
    expect(config.period.warmup_bars).toBeGreaterThanOrEqual(warmup_bars);
    expect(timeframes.indexOf(config.data.timeframe)).toBeGreaterThanOrEqual(timeframes.indexOf(min_timeframe));
  });

  test("names the venue that lists its shares, where there is one", () => {
    const venues = new Set(config.universe.symbols.map((symbol) => listings[symbol]));
    expect(config.universe.venue).toBe(venues.size === 1 ? [...venues][0] : undefined);
  });

  test("annualises and discounts as its simulator does, and trades what its algorithm supports", () => {
    expect(config.periods_per_year).toBe(simulator.calendar.periods_per_year);
    expect(config.risk_free_rate).toBe(simulator.risk_free.rate);
    expect(config.universe.asset_class).toBe(simulator.asset_class);
    expect(algorithm.supported_asset_classes).toContain(config.universe.asset_class);
  });

  test("sweeps inside the ranges, as often as it says", () => {
    const axes = Object.entries(config.sweep?.space ?? {});
    const points = axes.map(([name, { min, max, step }]) => {
      const parameter = schema.get(name);
      expect([min, max].map((end) => allows(parameter, end) && onGrid(parameter, end))).toEqual([true, true]);
      expect(step % (parameter?.step ?? step)).toBe(0);
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

/** Whether a value is a whole number of steps from the least. A parameter without step, as one without number, has no grid. */
function onGrid(parameter: Parameter | undefined, value: unknown): boolean {
  if (parameter?.step === undefined) return true;
  const steps = (Number(value) - parameter.min) / parameter.step;
  return Math.abs(steps - Math.round(steps)) < 1e-9;
}
