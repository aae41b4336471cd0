import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { Decimal128, Long } from "mongodb";
import { type TradingMongo, readMongoSeeds, startTradingMongo } from "../../support/schemaMongo.ts";
import { type IdDocument, changed, refusal } from "../../support/schemaMongoRefusals.ts";

jest.setTimeout(120_000);

let server: TradingMongo;
beforeAll(async () => {
  server = await startTradingMongo("default", "dev");
});
afterAll(() => server?.remove());

const documents = [...readMongoSeeds("default"), ...readMongoSeeds("dev")].flatMap((seed) => seed.documents);

/** Document, changes to it that are nonsense, and the rules that MongoDB must name. */
type Case = [string, Record<string, unknown>, string[]];

const parameter = { name: "a", type: "int", default: 1, min: 0, max: 2, optimizable: true, description: "A." };
const categorical = {
  name: "b",
  type: "categorical",
  default: "x",
  choices: ["x", "y"],
  optimizable: false,
  description: "B.",
};

const nonsense: Record<string, Case[]> = {
  algorithm_versions: [
    ["buy_and_hold@1.0.0", { schema_version: 2 }, ["schema_version: enum"]],
    ["buy_and_hold@1.0.0", { algorithm_name: "Buy & Hold", _id: "Buy & Hold@1.0.0" }, ["algorithm_name: pattern"]],
    ["buy_and_hold@1.0.0", { _id: "buy_and_hold" }, ["clause 1"]],
    ["buy_and_hold@1.0.0", { version: "1.0", _id: "buy_and_hold@1.0" }, ["version: pattern", "clause 2"]],
    ["buy_and_hold@1.0.0", { version_sort: [1, 0, 1] }, ["clause 2"]],
    ["buy_and_hold@1.0.0", { version_sort: [1, 0] }, ["version_sort: minItems", "clause 2"]],
    ["buy_and_hold@1.0.0", { version_sort: [1, 0, 0, 0] }, ["version_sort: maxItems", "clause 2"]],
    ["buy_and_hold@1.0.0", { version_sort: [1, 0, -1] }, ["version_sort.2: minimum", "clause 2"]],
    ["buy_and_hold@1.0.0", { status: "final" }, ["oneOf", "status: enum"]],
    ["buy_and_hold@1.0.0", { category: "magic" }, ["category: enum"]],
    ["buy_and_hold@1.0.0", { description: "" }, ["description: minLength"]],
    ["buy_and_hold@1.0.0", { description: "x".repeat(2001) }, ["description: maxLength"]],
    ["buy_and_hold@1.0.0", { content_hash: "A".repeat(64) }, ["content_hash: pattern"]],
    ["buy_and_hold@1.0.0", { content_hash: undefined }, ["oneOf"]],
    ["buy_and_hold@1.0.0", { released_at: undefined }, ["oneOf"]],
    ["buy_and_hold@1.0.0", { released_at: new Date("2024-12-31T23:59:59Z") }, ["clause 5"]],
    ["buy_and_hold@1.0.0", { status: "draft" }, ["oneOf"]],
    ["buy_and_hold@1.0.0", { status: "deprecated" }, ["oneOf"]],
    ["buy_and_hold@1.0.0", { "source.repository": "git@host:x.git" }, ["source: dependencies"]],
    ["buy_and_hold@1.0.0", { "source.git_commit": "a".repeat(40) }, ["source: dependencies"]],
    ["buy_and_hold@1.0.0", { "source.repository": "x", "source.git_commit": "HEAD" }, ["source.git_commit: pattern"]],
    ["buy_and_hold@1.0.0", { "required_data.fields": [] }, ["required_data.fields: minItems"]],
    ["buy_and_hold@1.0.0", { "required_data.fields": ["close", "close"] }, ["required_data.fields: uniqueItems"]],
    ["buy_and_hold@1.0.0", { "required_data.warmup_bars": -1 }, ["required_data.warmup_bars: minimum"]],
    ["buy_and_hold@1.0.0", { "required_data.min_timeframe": "2d" }, ["required_data.min_timeframe: enum"]],
    ["buy_and_hold@1.0.0", { supported_asset_classes: [] }, ["supported_asset_classes: minItems"]],
    ["buy_and_hold@1.0.0", { supported_asset_classes: ["art"] }, ["supported_asset_classes.0: enum"]],
    ["buy_and_hold@1.0.0", { supersedes: "none" }, ["supersedes: pattern"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, type: "vector" }] }, ["parameter_schema.0: oneOf"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, min: undefined }] }, ["parameter_schema.0: oneOf"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, default: 1.5 }] }, ["parameter_schema.0: oneOf"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, step: 0 }] }, ["parameter_schema.0: oneOf"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...categorical, choices: ["x"] }] }, ["parameter_schema.0: oneOf"]],
    [
      "buy_and_hold@1.0.0",
      { parameter_schema: [{ ...categorical, choices: ["x", "x"] }] },
      ["parameter_schema.0: oneOf"],
    ],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, name: "A b" }] }, ["parameter_schema.0: oneOf"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [parameter, parameter] }, ["clause 3"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, default: -1 }] }, ["clause 4"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...parameter, default: 3 }] }, ["clause 4"]],
    ["buy_and_hold@1.0.0", { parameter_schema: [{ ...categorical, default: "z" }] }, ["clause 4"]],
  ],
  simulator_configs: [
    ["us_equity_daily@1.0.0", { _id: "us_equity_daily@2.0.0" }, ["clause 1"]],
    ["us_equity_daily@1.0.0", { name: "US", _id: "US@1.0.0" }, ["name: pattern"]],
    ["us_equity_daily@1.0.0", { version: "v1", _id: "us_equity_daily@v1" }, ["version: pattern"]],
    ["us_equity_daily@1.0.0", { status: "draft" }, ["clause 2"]],
    ["us_equity_daily@1.0.0", { status: "final" }, ["status: enum", "clause 2"]],
    ["us_equity_daily@1.0.0", { asset_class: "art" }, ["asset_class: enum"]],
    ["us_equity_daily@1.0.0", { "engine.mode": "quantum" }, ["engine.mode: enum"]],
    ["us_equity_daily@1.0.0", { "engine.oms_type": "none" }, ["engine.oms_type: enum"]],
    ["us_equity_daily@1.0.0", { "engine.book_type": "L4" }, ["engine.book_type: enum"]],
    ["us_equity_daily@1.0.0", { "engine.fill_matching": "random" }, ["engine.fill_matching: enum"]],
    ["us_equity_daily@1.0.0", { "account.default_leverage": 2 }, ["account: oneOf"]],
    ["us_equity_daily@1.0.0", { "account.allow_short": true }, ["account: oneOf"]],
    ["us_equity_intraday@1.0.0", { "account.default_leverage": 0.5 }, ["account: oneOf"]],
    ["us_equity_intraday@1.0.0", { "account.default_leverage": 1000 }, ["account: oneOf"]],
    ["us_equity_intraday@1.0.0", { "account.maintenance_margin": 0 }, ["account: oneOf"]],
    ["us_equity_intraday@1.0.0", { "account.borrow_rate": undefined }, ["account: oneOf"]],
    ["us_equity_daily@1.0.0", { fill_model: { type: "wishful" } }, ["fill_model: oneOf"]],
    ["us_equity_daily@1.0.0", { fill_model: { type: "probabilistic", prob_slippage: 0.5 } }, ["fill_model: oneOf"]],
    ["us_equity_daily@1.0.0", { fill_model: { type: "volume_limited", volume_limit: 1.5 } }, ["fill_model: oneOf"]],
    ["us_equity_daily@1.0.0", { fill_model: { type: "next_open", volume_limit: 0.1 } }, ["fill_model: oneOf"]],
    ["us_equity_daily@1.0.0", { "slippage_model.price_impact": undefined }, ["slippage_model: oneOf"]],
    ["us_equity_daily@1.0.0", { slippage_model: { type: "fixed_bps", value: -1 } }, ["slippage_model: oneOf"]],
    ["us_equity_daily@1.0.0", { slippage_model: { type: "ticks", value: 0 } }, ["slippage_model: oneOf"]],
    ["us_equity_daily@1.0.0", { "fee_model.per_unit": 0.005 }, ["fee_model: oneOf"]],
    ["us_equity_daily@1.0.0", { "fee_model.per_unit": Decimal128.fromString("-1") }, ["fee_model: oneOf"]],
    ["us_equity_daily@1.0.0", { "fee_model.currency": "dollars" }, ["fee_model: oneOf"]],
    ["us_equity_daily@1.0.0", { "fee_model.maker_rate": 0.001 }, ["fee_model: oneOf"]],
    ["crypto_spot@1.0.0", { "fee_model.taker_rate": 10 }, ["fee_model: oneOf"]],
    ["crypto_spot@1.0.0", { "fee_model.maker_rate": undefined }, ["fee_model: oneOf"]],
    ["us_equity_daily@1.0.0", { "latency_model.base_ns": -1 }, ["latency_model.base_ns: minimum"]],
    [
      "us_equity_daily@1.0.0",
      { "latency_model.base_ns": Long.fromString("60000000001") },
      ["latency_model.base_ns: maximum"],
    ],
    ["crypto_perp@1.0.0", { "financing.rate": undefined }, ["financing: oneOf"]],
    ["crypto_perp@1.0.0", { "financing.rate": 2 }, ["financing: oneOf"]],
    ["us_equity_daily@1.0.0", { "calendar.periods_per_year": 365 }, ["calendar: oneOf"]],
    ["us_equity_daily@1.0.0", { "calendar.timezone": "America/Chicago" }, ["calendar: oneOf"]],
    ["crypto_spot@1.0.0", { "calendar.periods_per_year": 252 }, ["calendar: oneOf"]],
    ["us_equity_daily@1.0.0", { "risk_free.rate": 4 }, ["risk_free.rate: maximum"]],
    ["us_equity_daily@1.0.0", { content_hash: "0" }, ["content_hash: pattern"]],
    ["us_equity_daily@1.0.0", { changelog: "" }, ["changelog: minLength"]],
  ],
  simulation_configs: [
    ["spy-sma-grid-sweep", { _id: "SPY SMA" }, ["_id: pattern"]],
    ["spy-sma-grid-sweep", { name: "" }, ["name: minLength"]],
    ["spy-sma-grid-sweep", { config_hash: "0" }, ["config_hash: pattern"]],
    ["spy-sma-grid-sweep", { "algorithm.name": "SMA" }, ["algorithm.name: pattern"]],
    ["spy-sma-grid-sweep", { "algorithm.version": "latest" }, ["algorithm.version: pattern"]],
    ["spy-sma-grid-sweep", { "simulator.content_hash": "?" }, ["simulator.content_hash: pattern"]],
    ["spy-sma-grid-sweep", { parameters: { fast_period: [1, 2] } }, ["parameters: patternProperties"]],
    ["spy-sma-grid-sweep", { parameters: { "fast period": 1 } }, ["parameters: additionalProperties fast period"]],
    ["spy-sma-grid-sweep", { "universe.symbols": [] }, ["universe.symbols: minItems"]],
    ["spy-sma-grid-sweep", { "universe.symbols": ["SPY", "SPY"] }, ["universe.symbols: uniqueItems"]],
    ["spy-sma-grid-sweep", { "universe.symbols": ["x".repeat(41)] }, ["universe.symbols.0: maxLength"]],
    ["spy-sma-grid-sweep", { "universe.asset_class": "any" }, ["universe.asset_class: enum"]],
    ["spy-sma-grid-sweep", { "universe.selection": "best" }, ["universe.selection: enum"]],
    ["spy-sma-grid-sweep", { "data.timeframe": "1w" }, ["data.timeframe: enum"]],
    ["spy-sma-grid-sweep", { "data.adjustment": "magic" }, ["data.adjustment: enum"]],
    ["spy-sma-grid-sweep", { "period.end": new Date("2015-01-01T00:00:00Z") }, ["clause 1"]],
    ["btc-usdt-rsi-1h-2021-2024", { "period.out_of_sample_start": new Date("2021-01-01T00:00:00Z") }, ["clause 2"]],
    ["btc-usdt-rsi-1h-2021-2024", { "period.out_of_sample_start": new Date("2025-01-01T00:00:00Z") }, ["clause 2"]],
    ["spy-sma-grid-sweep", { "period.warmup_bars": -1 }, ["period.warmup_bars: minimum"]],
    ["spy-sma-grid-sweep", { "account.currency": "usd" }, ["account.currency: pattern"]],
    [
      "spy-sma-grid-sweep",
      { "account.starting_balance": Decimal128.fromString("0") },
      ["account.starting_balance: minimum"],
    ],
    ["spy-sma-grid-sweep", { "account.starting_balance": 100_000 }, ["account.starting_balance: bsonType"]],
    ["spy-sma-grid-sweep", { benchmark: "" }, ["benchmark: minLength"]],
    ["spy-sma-grid-sweep", { periods_per_year: 367 }, ["periods_per_year: maximum"]],
    ["spy-sma-grid-sweep", { periods_per_year: 0 }, ["periods_per_year: minimum"]],
    ["spy-sma-grid-sweep", { risk_free_rate: 2 }, ["risk_free_rate: maximum"]],
    ["spy-sma-grid-sweep", { risk_free_rate: -1 }, ["risk_free_rate: minimum"]],
    ["spy-sma-grid-sweep", { random_seed: 0.5 }, ["random_seed: bsonType"]],
    ["spy-sma-grid-sweep", { status: "used" }, ["status: enum"]],
    ["spy-sma-grid-sweep", { tags: ["a", "a"] }, ["tags: uniqueItems"]],
    ["spy-sma-grid-sweep", { metadata: "note" }, ["metadata: bsonType"]],
    ["spy-sma-grid-sweep", { "sweep.sweep_id": "1" }, ["sweep.sweep_id: pattern"]],
    ["spy-sma-grid-sweep", { "sweep.method": "luck" }, ["sweep.method: enum"]],
    ["spy-sma-grid-sweep", { "sweep.objective": "happiness" }, ["sweep.objective: enum"]],
    ["spy-sma-grid-sweep", { "sweep.direction": "up" }, ["sweep.direction: enum"]],
    ["spy-sma-grid-sweep", { "sweep.max_trials": 0 }, ["sweep.max_trials: minimum"]],
    ["spy-sma-grid-sweep", { "sweep.space": {} }, ["sweep.space: minProperties"]],
    ["spy-sma-grid-sweep", { "sweep.space.slow_period": { min: 1, max: 2 } }, ["sweep.space: patternProperties"]],
    ["spy-sma-grid-sweep", { "sweep.space.slow_period": { values: [1] } }, ["sweep.space: patternProperties"]],
    ["spy-sma-grid-sweep", { "sweep.space.slow_period": { min: 2, max: 1, step: 1 } }, ["clause 3"]],
  ],
};

describe.each(Object.entries(nonsense))("%s refuses nonsense, and names the rule:", (collection, cases) => {
  test.each(cases)("%s with %j", async (id, changes, rules) => {
    const document = documents.find(({ _id }) => _id === id) as IdDocument;
    const broken = await refusal(server.database, collection, changed(document, changes));
    expect(broken?.sort()).toEqual([...rules].sort());
  });
});

const sound: [string, string, Record<string, unknown>][] = [
  [
    "algorithm_versions",
    "buy_and_hold@1.0.0",
    { status: "draft", is_default: false, content_hash: undefined, released_at: undefined },
  ],
  [
    "algorithm_versions",
    "buy_and_hold@1.0.0",
    { version: "1.0.0-rc.1+b2", _id: "buy_and_hold@1.0.0-rc.1+b2", is_default: false },
  ],
  ["algorithm_versions", "buy_and_hold@1.0.0", { parameter_schema: [] }],
  ["algorithm_versions", "buy_and_hold@1.0.0", { parameter_schema: [parameter, categorical] }],
  ["algorithm_versions", "buy_and_hold@1.0.0", { "source.repository": "x", "source.git_commit": "a".repeat(40) }],
  [
    "simulator_configs",
    "us_equity_daily@1.0.0",
    { fill_model: { type: "probabilistic", prob_fill_on_limit: 0.2, prob_slippage: 0.5 } },
  ],
  ["simulator_configs", "us_equity_daily@1.0.0", { fill_model: { type: "volume_limited", volume_limit: 0.1 } }],
  ["simulator_configs", "us_equity_daily@1.0.0", { slippage_model: { type: "market_impact", price_impact: 0.1 } }],
  [
    "simulator_configs",
    "us_equity_daily@1.0.0",
    { fee_model: { type: "fixed", per_order: Decimal128.fromString("4.95"), currency: "USD" } },
  ],
  ["simulator_configs", "us_equity_daily@1.0.0", { fee_model: { type: "percent", rate: 0.001 } }],
  ["simulator_configs", "crypto_perp@1.0.0", { "fee_model.maker_rate": -0.0001 }],
  ["simulation_configs", "spy-sma-grid-sweep", { _id: "01941f29-7c00-7000-8000-000000000002" }],
  ["simulation_configs", "spy-sma-grid-sweep", { random_seed: Long.fromString("9007199254740993") }],
  ["simulation_configs", "spy-sma-grid-sweep", { "sweep.space.slow_period": { values: [100, 200] } }],
  ["simulation_configs", "spy-sma-grid-sweep", { metadata: { note: "anything", list: [1] } }],
];

test.each(sound)("%s takes %s with %j", async (collection, id, changes) => {
  const document = documents.find(({ _id }) => _id === id) as IdDocument;
  expect(await refusal(server.database, collection, changed(document, changes))).toBeNull();
});
