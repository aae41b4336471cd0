/**
 * What to simulate: an algorithm with its parameters, a simulator, instruments, data, a period, an account.
 * A configuration that a run has used is never edited: clone it. simulation_runs.config_hash proves which one it was.
 */

const name = { bsonType: "string", pattern: "^[a-z][a-z0-9_]{2,63}$" };
const text = { bsonType: "string", minLength: 1, maxLength: 2000 };
const hash = { bsonType: "string", pattern: "^[0-9a-f]{64}$" };
const uuid = { bsonType: "string", pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" };
const symbol = { bsonType: "string", minLength: 1, maxLength: 40 };
const semanticVersion = {
  bsonType: "string",
  pattern:
    "^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*)){2}(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$",
};
/** Bounds refuse NaN and the infinities, which `bsonType: "number"` alone lets in. */
const finite = { bsonType: "number", minimum: -1e15, maximum: 1e15 };
const count = { bsonType: "int", minimum: 0 };
const scalar = { anyOf: [finite, { bsonType: "bool" }, text] };
const parameterName = "^[a-z][a-z0-9_]{0,63}$";

/** An object of which all fields are required, but those named optional. */
const object = (properties: Record<string, object>, optional: Record<string, object> = {}) => ({
  bsonType: "object",
  additionalProperties: false,
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
});

/** The columns of simulation_runs that a sweep can rank its trials by. */
const objectives = [
  "total_return",
  "cagr",
  "annual_volatility",
  "sharpe_ratio",
  "sortino_ratio",
  "calmar_ratio",
  "max_drawdown",
  "win_rate",
  "profit_factor",
  "payoff_ratio",
  "expectancy",
];

const schema = object(
  {
    _id: { bsonType: "string", pattern: "^[a-z0-9][a-z0-9-]{2,99}$", description: "a slug, or a UUID as text" },
    schema_version: { enum: [1] },
    name: { bsonType: "string", minLength: 1, maxLength: 200 },
    config_hash: { ...hash, description: "see schema/mongodb/contentHash.ts" },
    algorithm: object({ name, version: semanticVersion, content_hash: hash }),
    parameters: {
      bsonType: "object",
      additionalProperties: false,
      patternProperties: { [parameterName]: scalar },
      description: "values inside parameter_schema of the algorithm; leave out what stays at its default",
    },
    simulator: object({ name, version: semanticVersion, content_hash: hash }),
    overrides: { bsonType: "object", description: "models of the simulator that this configuration replaces" },
    universe: object(
      {
        symbols: { bsonType: "array", minItems: 1, uniqueItems: true, items: symbol },
        asset_class: { enum: ["equity", "crypto_spot", "crypto_perpetual", "future", "fx"] },
        selection: { enum: ["static", "index"] },
      },
      { venue: text },
    ),
    data: object({
      source: text,
      dataset_version: text,
      timeframe: { enum: ["tick", "1m", "5m", "15m", "1h", "1d"] },
      adjustment: { enum: ["raw", "split", "split_dividend"] },
    }),
    period: object(
      { start: { bsonType: "date" }, end: { bsonType: "date" }, warmup_bars: count },
      { out_of_sample_start: { bsonType: "date" } },
    ),
    account: object({
      currency: { bsonType: "string", pattern: "^[A-Z0-9]{2,10}$" },
      starting_balance: { bsonType: "decimal", minimum: 0, exclusiveMinimum: true, maximum: 1e15 },
    }),
    periods_per_year: { bsonType: "int", minimum: 1, maximum: 366 },
    risk_free_rate: { bsonType: "number", minimum: -1, exclusiveMinimum: true, maximum: 1 },
    random_seed: { bsonType: ["int", "long"] },
    status: { enum: ["active", "archived"] },
    tags: { bsonType: "array", uniqueItems: true, items: text },
    created_at: { bsonType: "date" },
    created_by: text,
  },
  {
    description: text,
    benchmark: symbol,
    sweep: object({
      sweep_id: uuid,
      method: { enum: ["grid", "random", "bayesian", "walk_forward"] },
      space: {
        bsonType: "object",
        minProperties: 1,
        additionalProperties: false,
        patternProperties: {
          [parameterName]: {
            oneOf: [
              object({ min: finite, max: finite, step: { ...finite, minimum: 0, exclusiveMinimum: true } }),
              object({ values: { bsonType: "array", minItems: 2, uniqueItems: true, items: scalar } }),
            ],
          },
        },
      },
      objective: { enum: objectives },
      direction: { enum: ["maximize", "minimize"] },
      max_trials: { bsonType: "int", minimum: 1 },
    }),
    metadata: { bsonType: "object" },
  },
);

const periodStartsBeforeItEnds = { $expr: { $lt: ["$period.start", "$period.end"] } };

const outOfSampleIsInsideThePeriod = {
  $or: [
    { "period.out_of_sample_start": { $exists: false } },
    {
      $expr: {
        $and: [
          { $lt: ["$period.start", "$period.out_of_sample_start"] },
          { $lt: ["$period.out_of_sample_start", "$period.end"] },
        ],
      },
    },
  ],
};

const sweptRangesAscend = {
  $expr: {
    $allElementsTrue: {
      $map: {
        input: { $objectToArray: { $ifNull: ["$sweep.space", {}] } },
        in: { $or: [{ $isArray: "$$this.v.values" }, { $lt: ["$$this.v.min", "$$this.v.max"] }] },
      },
    },
  },
};

export default [
  {
    create: "simulation_configs",
    validator: {
      $and: [{ $jsonSchema: schema }, periodStartsBeforeItEnds, outOfSampleIsInsideThePeriod, sweptRangesAscend],
    },
    validationLevel: "strict",
    validationAction: "error",
  },
  {
    createIndexes: "simulation_configs",
    indexes: [
      { name: "config_hash", key: { config_hash: 1 }, unique: true },
      { name: "algorithm", key: { "algorithm.name": 1, "algorithm.version": 1 } },
      { name: "sweep", key: { "sweep.sweep_id": 1 }, sparse: true },
      { name: "tags", key: { tags: 1 } },
      { name: "created_at", key: { created_at: -1 } },
    ],
  },
];
