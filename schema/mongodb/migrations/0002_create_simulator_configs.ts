/** Templates of simulated markets: how orders fill, what they cost, how late they come, which calendar holds. */

/** The end of a text; $ alone would also match before a line break there. */
const end = "$(?!\\n)";
const name = { bsonType: "string", pattern: `^[a-z][a-z0-9_]{2,63}${end}` };
const text = { bsonType: "string", minLength: 1, maxLength: 2000 };
const currency = { bsonType: "string", pattern: `^[A-Z0-9]{2,10}${end}` };
const semanticVersion = {
  bsonType: "string",
  pattern: `^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*)){2}(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?${end}`,
};
const flag = { bsonType: "bool" };
/** Every number has both bounds: they refuse NaN and the infinities, which `bsonType: "number"` alone lets in. */
const fraction = { bsonType: "number", minimum: 0, maximum: 1 };
const feeRate = { bsonType: "number", minimum: -0.1, maximum: 0.1, description: "fraction; negative is a rebate" };
const rate = { bsonType: "number", minimum: -1, maximum: 1 };
const slippage = { bsonType: "number", minimum: 0, exclusiveMinimum: true, maximum: 1000 };
const money = { bsonType: "decimal", minimum: 0, maximum: 1e6 };
const nanoseconds = { bsonType: ["int", "long"], minimum: 0, maximum: 60e9 };

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

/** What a simulation may override: 0003_create_simulation_configs.ts has the same, because migrations can't share code. */
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

/** Trading hours, and the sessions in a year that ratios are annualised by. */
const calendar = (code: string, timezone: string, sessions: string[], periodsPerYear: number) =>
  object({
    code: { enum: [code] },
    timezone: { enum: [timezone] },
    session: { enum: sessions },
    periods_per_year: { enum: [periodsPerYear] },
  });

const schema = object(
  {
    _id: { bsonType: "string", description: "name@version" },
    schema_version: { enum: [1] },
    name,
    version: semanticVersion,
    status: { enum: ["draft", "released", "deprecated", "retired"] },
    is_default: flag,
    description: text,
    asset_class: { enum: ["equity", "crypto_spot", "crypto_perpetual", "future", "fx", "any"] },
    engine: object({
      mode: { enum: ["bar", "tick"] },
      oms_type: { enum: ["netting"], description: "positions of PostgreSQL hold one position in a symbol" },
      book_type: { enum: ["L1_MBP", "L2_MBP", "L3_MBO"] },
      fill_matching: { enum: ["fifo", "lifo"] },
      close_positions_at_end: flag,
      allow_partial_fills: flag,
    }),
    ...models,
    calendar: {
      oneOf: [
        calendar("XNYS", "America/New_York", ["regular", "extended"], 252),
        calendar("CMES", "America/Chicago", ["regular", "extended"], 252),
        calendar("24/7", "UTC", ["continuous"], 365),
      ],
    },
    risk_free: object({ source: text, rate: { ...rate, description: "fraction a year" } }),
    content_hash: {
      bsonType: "string",
      pattern: `^[0-9a-f]{64}${end}`,
      description: "see schema/mongodb/contentHash.ts",
    },
    created_at: { bsonType: "date" },
    created_by: text,
  },
  { changelog: text },
);

const idIsNameAndVersion = { $expr: { $eq: ["$_id", { $concat: ["$name", "@", "$version"] }] } };
const defaultIsReleased = { $or: [{ is_default: false }, { status: "released" }] };

export default [
  {
    create: "simulator_configs",
    validator: { $and: [{ $jsonSchema: schema }, idIsNameAndVersion, defaultIsReleased] },
    validationLevel: "strict",
    validationAction: "error",
  },
  {
    createIndexes: "simulator_configs",
    indexes: [
      { name: "simulator_version", key: { name: 1, version: 1 }, unique: true },
      {
        name: "one_default_for_each_asset_class",
        key: { asset_class: 1 },
        unique: true,
        partialFilterExpression: { is_default: true },
      },
      { name: "content_hash", key: { content_hash: 1 } },
    ],
  },
];
