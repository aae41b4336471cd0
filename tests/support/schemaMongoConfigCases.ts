import { Decimal128, Long } from "mongodb";
import { type Case, type Sound, badTexts } from "./schemaMongoCase.ts";
import { badModels, soundModels } from "./schemaMongoModelCases.ts";

const id = "spy-sma-grid-sweep";
const hourly = "btc-usdt-rsi-1h-2021-2024";

const range = { min: 100, max: 200, step: 50 };
const badScalars = [[1, 2], "", "x".repeat(2001), -1e16, 1e16, NaN];
const badAxes = [
  { min: 1, max: 2 },
  { ...range, min: -1e16 },
  { ...range, max: 1e16 },
  { ...range, step: 0 },
  { ...range, step: -1 },
  { ...range, step: 1e16 },
  { values: [1] },
  { values: [1, 1] },
  ...badScalars.map((value) => ({ values: [1, value] })),
];
/** These descend, too. */
const strayAxes = [
  { ...range, min: 1e16 },
  { ...range, max: -1e16 },
];
const references = ["algorithm", "simulator"].flatMap((field): Case[] => [
  [id, { [`${field}.name`]: "SMA" }, [`${field}.name: pattern`]],
  [id, { [`${field}.version`]: "latest" }, [`${field}.version: pattern`]],
  [id, { [`${field}.content_hash`]: "?" }, [`${field}.content_hash: pattern`]],
]);
const startingBalance = (text: string, keyword: string): Case => [
  id,
  { "account.starting_balance": Decimal128.fromString(text) },
  [`account.starting_balance: ${keyword}`],
];

export const configNonsense: Case[] = [
  [id, { _id: "SPY SMA" }, ["_id: pattern"]],
  [id, { schema_version: 2 }, ["schema_version: enum"]],
  [id, { name: "" }, ["name: minLength"]],
  [id, { name: "x".repeat(201) }, ["name: maxLength"]],
  [id, { config_hash: "0" }, ["config_hash: pattern"]],
  ...references,
  ...badScalars.map((value): Case => [id, { parameters: { a: value } }, ["parameters: patternProperties"]]),
  [id, { parameters: { "fast period": 1 } }, ["parameters: additionalProperties fast period"]],
  [id, { parameters: { "a\n": 1 } }, ["parameters: additionalProperties a\n"]],
  ...badModels.map(([field, model, rule]): Case => [
    id,
    { [`overrides.${field}`]: model },
    [`overrides.${field}${rule}`],
  ]),
  [id, { overrides: { risk_free: { source: "x", rate: 0 } } }, ["overrides: additionalProperties risk_free"]],
  [id, { "universe.symbols": [] }, ["universe.symbols: minItems"]],
  [id, { "universe.symbols": ["SPY", "SPY"] }, ["universe.symbols: uniqueItems"]],
  [id, { "universe.symbols": [""] }, ["universe.symbols.0: minLength"]],
  [id, { "universe.symbols": ["x".repeat(41)] }, ["universe.symbols.0: maxLength"]],
  [id, { "universe.asset_class": "any" }, ["universe.asset_class: enum"]],
  [id, { "universe.selection": "best" }, ["universe.selection: enum"]],
  [id, { "data.timeframe": "1w" }, ["data.timeframe: enum"]],
  [id, { "data.adjustment": "magic" }, ["data.adjustment: enum"]],
  [id, { "period.end": new Date("2015-01-01T00:00:00Z") }, ["clause 1"]],
  [hourly, { "period.out_of_sample_start": new Date("2021-01-01T00:00:00Z") }, ["clause 2"]],
  [hourly, { "period.out_of_sample_start": new Date("2025-01-01T00:00:00Z") }, ["clause 2"]],
  [id, { "period.warmup_bars": -1 }, ["period.warmup_bars: minimum"]],
  [id, { "account.currency": "usd" }, ["account.currency: pattern"]],
  [id, { "account.currency": "USD\n" }, ["account.currency: pattern"]],
  startingBalance("0", "minimum"),
  startingBalance("-1", "minimum"),
  startingBalance("1000000000000001", "maximum"),
  [id, { "account.starting_balance": 100_000 }, ["account.starting_balance: bsonType"]],
  [id, { benchmark: "" }, ["benchmark: minLength"]],
  [id, { benchmark: "x".repeat(41) }, ["benchmark: maxLength"]],
  [id, { periods_per_year: 367 }, ["periods_per_year: maximum"]],
  [id, { periods_per_year: 0 }, ["periods_per_year: minimum"]],
  [id, { risk_free_rate: 2 }, ["risk_free_rate: maximum"]],
  [id, { risk_free_rate: -1 }, ["risk_free_rate: minimum"]],
  [id, { random_seed: 0.5 }, ["random_seed: bsonType"]],
  [id, { status: "used" }, ["status: enum"]],
  [id, { tags: ["a", "a"] }, ["tags: uniqueItems"]],
  [id, { metadata: "note" }, ["metadata: bsonType"]],
  ...badTexts(id, "universe.venue", "data.source", "data.dataset_version", "tags.0", "description", "created_by"),
  [id, { "sweep.sweep_id": "1" }, ["sweep.sweep_id: pattern"]],
  [id, { "sweep.method": "luck" }, ["sweep.method: enum"]],
  [id, { "sweep.objective": "happiness" }, ["sweep.objective: enum"]],
  [id, { "sweep.direction": "up" }, ["sweep.direction: enum"]],
  [id, { "sweep.max_trials": 0 }, ["sweep.max_trials: minimum"]],
  [id, { "sweep.space": {} }, ["sweep.space: minProperties"]],
  [id, { "sweep.space": { "fast period": range } }, ["sweep.space: additionalProperties fast period"]],
  ...badAxes.map((axis): Case => [id, { "sweep.space.slow_period": axis }, ["sweep.space: patternProperties"]]),
  ...strayAxes.map((axis): Case => [
    id,
    { "sweep.space.slow_period": axis },
    ["sweep.space: patternProperties", "clause 3"],
  ]),
  [id, { "sweep.space.slow_period": { min: 2, max: 1, step: 1 } }, ["clause 3"]],
  [id, { parameters: { fast_period: 10 } }, ["clause 4"]],
];

export const configSound: Sound[] = [
  [id, { _id: "01941f29-7c00-7000-8000-000000000002" }],
  [id, { random_seed: Long.fromString("9007199254740993") }],
  [id, { parameters: { stop_loss_atr: 1.5, allow_short: true, mode: "strict" } }],
  [id, { "sweep.space.slow_period": { values: [100, 200] } }],
  [id, { "sweep.space.mode": { values: ["strict", "lax"] } }],
  [id, { "sweep.space.allow_short": { values: [true, false] } }],
  [id, { metadata: { note: "anything", list: [1] } }],
  ...Object.entries(soundModels).flatMap(([field, models]) =>
    models.map((model): Sound => [id, { [`overrides.${field}`]: model }]),
  ),
];
