import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Document } from "mongodb";
import { type TradingMongo, startTradingMongo } from "../../support/schemaMongo.ts";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";

jest.setTimeout(120_000);

let postgres: TradingPostgres;
let mongo: TradingMongo;
let run: Document;

beforeAll(async () => {
  postgres = await startTradingPostgres("dev");
  mongo = await startTradingMongo("default", "dev");
  const reader = await postgres.connect("trading_readonly");
  const { rows } = await reader.query("SELECT *, starting_equity::text FROM simulation_runs");
  expect(rows).toHaveLength(1);
  run = rows[0];
});
afterAll(() => Promise.all([postgres?.remove(), mongo?.remove()]));

const find = (collection: string, filter: Document) => mongo.database.collection(collection).findOne(filter);

test("the sample run comes from a configuration that MongoDB has, and equals it", async () => {
  const config = await find("simulation_configs", { _id: run.config_id });
  expect({ ...config, account: undefined }).toMatchObject({
    config_hash: run.config_hash,
    algorithm: { name: run.algorithm_name, version: run.algorithm_version, content_hash: run.algorithm_hash },
    simulator: { name: run.simulator_name, version: run.simulator_version, content_hash: run.simulator_hash },
    parameters: run.parameters,
    universe: { symbols: run.symbols },
    data: { timeframe: run.timeframe, dataset_version: run.dataset_version },
    period: { start: run.period_start, end: run.period_end },
    benchmark: run.benchmark,
    periods_per_year: run.periods_per_year,
    risk_free_rate: run.risk_free_rate,
    random_seed: Number(run.random_seed),
  });
  expect(config?.account.currency).toBe(run.account_currency);
  expect(Number(config?.account.starting_balance)).toBe(Number(run.starting_equity));
});

test("its algorithm and its simulator are released, with the hashes that it names", async () => {
  const algorithm = await find("algorithm_versions", {
    algorithm_name: run.algorithm_name,
    version: run.algorithm_version,
  });
  const simulator = await find("simulator_configs", { name: run.simulator_name, version: run.simulator_version });
  expect(algorithm).toMatchObject({ status: "released", content_hash: run.algorithm_hash });
  expect(simulator).toMatchObject({
    status: "released",
    content_hash: run.simulator_hash,
    account: { type: run.account_type },
  });
});

test("its parameters lie inside the algorithm's parameter_schema", async () => {
  const algorithm = await find("algorithm_versions", {
    algorithm_name: run.algorithm_name,
    version: run.algorithm_version,
  });
  for (const [name, value] of Object.entries(run.parameters)) {
    const parameter = algorithm?.parameter_schema.find((each: Document) => each.name === name);
    expect(value).toBeGreaterThanOrEqual(parameter.min);
    expect(value).toBeLessThanOrEqual(parameter.max);
  }
});
