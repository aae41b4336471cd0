import { readFileSync } from "node:fs";
import type { Parameters } from "./backtest.ts";

/** The documents that the sample run is made from, as far as it needs them: see schema/mongodb/seeds. */
export interface Configuration {
  _id: string;
  config_hash: string;
  algorithm: { name: string; version: string; content_hash: string };
  simulator: { name: string; version: string; content_hash: string };
  parameters: Parameters;
  overrides: { slippage_model: { type: "fixed_bps"; value: number } };
  universe: { symbols: string[] };
  data: { dataset_version: string; timeframe: string };
  period: { start: { $date: string }; end: { $date: string }; warmup_bars: number };
  account: { currency: string; starting_balance: { $numberDecimal: string } };
  benchmark: string;
  periods_per_year: number;
  risk_free_rate: number;
  random_seed: number;
  tags: string[];
}

export interface Simulator {
  name: string;
  version: string;
  account: { type: string };
  fee_model: { type: "per_share"; per_unit: { $numberDecimal: string }; min_per_order: { $numberDecimal: string } };
}

/** The sample's configuration and its simulator. Paths are relative to the project folder. */
export function readConfiguration(): { configuration: Configuration; simulator: Simulator } {
  const [configuration] = documents<Configuration>("dev/0001_sample_simulation_config.json");
  const simulator = documents<Simulator>("default/0002_simulator_configs.json").find(
    ({ name, version }) => name === configuration?.simulator.name && version === configuration.simulator.version,
  );
  if (configuration === undefined || simulator === undefined) {
    throw new Error("The seeds of MongoDB lack the sample configuration or the simulator that it names.");
  }
  return { configuration, simulator };
}

function documents<Document>(file: string): Document[] {
  const seed = JSON.parse(readFileSync(`schema/mongodb/seeds/${file}`, "utf8")) as { documents: Document[] };
  return seed.documents;
}
