/**
 * What to simulate: an algorithm with its parameters, a simulator, instruments, data, a period, an account.
 * A configuration that a run has used is never edited: clone it. simulation_runs.config_hash proves which one it was.
 */

/** The end of a text; $ alone would also match before a line break there. */
const end = "$(?!\\n)";
const name = { bsonType: "string", pattern: `^[a-z][a-z0-9_]{2,63}${end}` };
const text = { bsonType: "string", minLength: 1, maxLength: 2000 };
const hash = { bsonType: "string", pattern: `^[0-9a-f]{64}${end}` };
const uuid = { bsonType: "string", pattern: `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}${end}` };
const currency = { bsonType: "string", pattern: `^[A-Z0-9]{2,10}${end}` };
const flag = { bsonType: "bool" };
const symbol = { bsonType: "string", minLength: 1, maxLength: 40 };
const semanticVersion = {
  bsonType: "string",
  pattern: `^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*)){2}(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?${end}`,
};
/** Bounds refuse NaN and the infinities, which `bsonType: "number"` alone lets in. */
const finite = { bsonType: "number", minimum: -1e15, maximum: 1e15 };
const fraction = { bsonType: "number", minimum: 0, maximum: 1 };
const feeRate = { bsonType: "number", minimum: -0.1, maximum: 0.1, description: "fraction; negative is a rebate" };
const rate = { bsonType: "number", minimum: -1, maximum: 1 };
const slippage = { bsonType: "number", minimum: 0, exclusiveMinimum: true, maximum: 1000 };
const money = { bsonType: "decimal", minimum: 0, maximum: 1e6 };
const nanoseconds = { bsonType: ["int", "long"], minimum: 0, maximum: 60e9 };
const count = { bsonType: "int", minimum: 0 };
const scalar = { anyOf: [finite, flag, text] };
const parameterName = `^[a-z][a-z0-9_]{0,63}${end}`;

/** An object of which all fields are required, but those named optional. */
const object = (properties: Record<string, object>, optional: Record<string, object> = {}, rules: object = {}) => ({
  bsonType: "object",
  additionalProperties: false,
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
  ...rules,
});

/** A model of one of several types, each with exactly its own parameters. */
const oneOfTypes = (...types: [string[], Record<string, object>?, Record<string, object>?, object?][]) => ({
  oneOf: types.map(([names, required, ...more]) => object({ type: { enum: names }, ...required }, ...more)),
});

/** The models of a simulator, as in 0002_create_simulator_configs.ts: migrations can't share code, and a test compares. */
const models = {
  account: oneOfTypes(
    [["cash"], { default_leverage: { enum: [1] }, allow_short: { enum: [false] } }],
    [
      ["margin"],
      {
        default_leverage: { bsonType: "number", minimum: 1, maximum: 200 },
        maintenance_margin: { ...fraction, exclusiveMinimum: true },
        allow_short: flag,
        borrow_rate: { ...rate, description: "fraction a year of what is sold short" },
      },
    ],
  ),
  fill_model: oneOfTypes(
    [["next_open", "this_close", "best_price", "one_tick"]],
    [["probabilistic"], { prob_fill_on_limit: fraction, prob_slippage: fraction }],
    [["volume_limited"], { volume_limit: { ...fraction, exclusiveMinimum: true } }],
  ),
  slippage_model: oneOfTypes(
    [["none"]],
    [["fixed_bps", "ticks"], { value: slippage }],
    [["volume_share"], { value: fraction, price_impact: fraction }],
    [["market_impact"], { price_impact: fraction }],
  ),
  fee_model: oneOfTypes(
    [["none"]],
    [["maker_taker"], { maker_rate: feeRate, taker_rate: feeRate }],
    [["per_share", "per_contract"], { per_unit: money, min_per_order: money, currency }, { max_rate: fraction }],
    [["fixed"], { per_order: money, currency }],
    [
      ["percent"],
      { rate: feeRate },
      { min_per_order: money, currency },
      { dependencies: { min_per_order: ["currency"], currency: ["min_per_order"] } },
    ],
  ),
  latency_model: object({
    base_ns: nanoseconds,
    insert_ns: nanoseconds,
    update_ns: nanoseconds,
    cancel_ns: nanoseconds,
  }),
  financing: oneOfTypes(
    [["none"]],
    [
      ["funding_8h"],
      { rate: { ...rate, description: "fraction of the position's value every 8 hours; positive: longs pay shorts" } },
    ],
    [["overnight"], { rate: { ...rate, description: "fraction a year of what is borrowed, paid for each night" } }],
  ),
};

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
    _id: { bsonType: "string", pattern: `^[a-z0-9][a-z0-9-]{2,99}${end}`, description: "a slug, or a UUID as text" },
    schema_version: { enum: [1] },
    name: { bsonType: "string", minLength: 1, maxLength: 200 },
    config_hash: { ...hash, description: "see schema/mongodb/contentHash.ts" },
    algorithm: object({ name, version: semanticVersion, content_hash: hash }),
    parameters: {
      bsonType: "object",
      additionalProperties: false,
      patternProperties: { [parameterName]: scalar },
      description:
        "all that this configuration sets, also what equals a default; values inside the algorithm's parameter_schema",
    },
    simulator: object({ name, version: semanticVersion, content_hash: hash }),
    overrides: {
      bsonType: "object",
      additionalProperties: false,
      properties: models,
      description: "models of the simulator that this configuration replaces",
    },
    universe: object(
      {
        symbols: { bsonType: "array", minItems: 1, uniqueItems: true, items: symbol },
        asset_class: { enum: ["equity", "crypto_spot", "crypto_perpetual", "future", "fx"] },
        selection: { enum: ["static", "index"] },
      },
      { venue: { ...text, description: "where all symbols trade; left out where they trade at several" } },
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
      currency,
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

const setOrSwept = {
  $expr: {
    $eq: [
      {
        $setIntersection: [
          { $map: { input: { $objectToArray: "$parameters" }, in: "$$this.k" } },
          { $map: { input: { $objectToArray: { $ifNull: ["$sweep.space", {}] } }, in: "$$this.k" } },
        ],
      },
      [],
    ],
  },
};

export default [
  {
    create: "simulation_configs",
    validator: {
      $and: [
        { $jsonSchema: schema },
        periodStartsBeforeItEnds,
        outOfSampleIsInsideThePeriod,
        sweptRangesAscend,
        setOrSwept,
      ],
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
