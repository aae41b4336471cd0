import { type Case, type Sound, badTexts, without } from "./schemaMongoCase.ts";

const id = "buy_and_hold@1.0.0";
const shared = { optimizable: true, description: "A." };
const int = { ...shared, name: "a", type: "int", default: 1, min: 0, max: 2, step: 1 };
const float = { ...shared, name: "b", type: "float", default: 0.5, min: 0, max: 1, step: 0.1 };
const bool = { ...shared, name: "c", type: "bool", default: true };
const categorical = { ...shared, name: "d", type: "categorical", default: "x", choices: ["x", "y"] };

const badParameters = [
  ...[int, float, bool, categorical].flatMap((parameter) => [
    { ...parameter, type: "vector" },
    { ...parameter, name: "A b" },
    { ...parameter, description: "" },
    { ...parameter, description: "x".repeat(2001) },
  ]),
  without(int, "min"),
  { ...int, default: 1.5 },
  { ...int, step: 0 },
  { ...float, min: -1e16 },
  { ...float, max: 1e16 },
  { ...float, step: 0 },
  { ...float, step: -0.1 },
  { ...float, step: 1e16 },
  { ...categorical, choices: ["x"] },
  { ...categorical, choices: ["x", "x"] },
  { ...categorical, choices: ["x", ""] },
  { ...categorical, choices: ["x", "x".repeat(2001)] },
];

/** These have a default outside their ranges or choices, too. */
const strayParameters = [
  { ...float, default: -1e16 },
  { ...float, default: 1e16 },
  { ...float, min: 1e16 },
  { ...float, max: -1e16 },
  { ...categorical, default: "" },
  { ...categorical, default: "x".repeat(2001) },
];

const committed = { "source.repository": "x", "source.git_commit": "a".repeat(40) };

export const algorithmNonsense: Case[] = [
  [id, { schema_version: 2 }, ["schema_version: enum"]],
  [id, { algorithm_name: "Buy & Hold", _id: "Buy & Hold@1.0.0" }, ["algorithm_name: pattern"]],
  [id, { _id: "buy_and_hold" }, ["clause 1"]],
  [id, { version: "1.0", _id: "buy_and_hold@1.0" }, ["version: pattern", "clause 2"]],
  [id, { version_sort: [1, 0, 1] }, ["clause 2"]],
  [id, { version_sort: [1, 0] }, ["version_sort: minItems", "clause 2"]],
  [id, { version_sort: [1, 0, 0, 0] }, ["version_sort: maxItems", "clause 2"]],
  [id, { version_sort: [1, 0, -1] }, ["version_sort.2: minimum", "clause 2"]],
  [id, { version: "2147483648.0.0", _id: "buy_and_hold@2147483648.0.0" }, ["clause 2"]],
  [id, { status: "final" }, ["oneOf", "status: enum"]],
  [id, { category: "magic" }, ["category: enum"]],
  [id, { content_hash: "A".repeat(64) }, ["content_hash: pattern"]],
  [id, { content_hash: undefined }, ["oneOf"]],
  [id, { released_at: undefined }, ["oneOf"]],
  ["sma_crossover@1.0.0", { content_hash: undefined }, ["oneOf"]],
  ["sma_crossover@1.0.0", { released_at: undefined }, ["oneOf"]],
  [id, { released_at: new Date("2024-12-31T23:59:59Z") }, ["clause 5"]],
  [id, { status: "draft" }, ["oneOf"]],
  [id, { status: "deprecated" }, ["oneOf"]],
  [id, { created_by: "somebody" }, ["clause 6"]],
  [id, { "source.repository": "git@host:x.git" }, ["source: dependencies"]],
  [id, { "source.git_commit": "a".repeat(40) }, ["source: dependencies"]],
  [id, { ...committed, "source.git_commit": "HEAD" }, ["source.git_commit: pattern"]],
  [id, { ...committed, "source.repository": "" }, ["source.repository: minLength"]],
  [id, { ...committed, "source.repository": "x".repeat(2001) }, ["source.repository: maxLength"]],
  [id, { engine_compat: "banana" }, ["engine_compat: pattern"]],
  [id, { engine_compat: ">=2.0 <3 <4" }, ["engine_compat: pattern"]],
  [id, { engine_compat: "" }, ["engine_compat: pattern"]],
  ...badTexts(id, ...["description", "source.language", "source.entry_point", "required_data.fields.0", "changelog"]),
  [id, { created_by: "" }, ["created_by: minLength", "clause 6"]],
  [id, { created_by: "x".repeat(2001) }, ["created_by: maxLength", "clause 6"]],
  [id, { "required_data.fields": [] }, ["required_data.fields: minItems"]],
  [id, { "required_data.fields": ["close", "close"] }, ["required_data.fields: uniqueItems"]],
  [id, { "required_data.warmup_bars": -1 }, ["required_data.warmup_bars: minimum"]],
  [id, { "required_data.min_timeframe": "2d" }, ["required_data.min_timeframe: enum"]],
  [id, { supported_asset_classes: [] }, ["supported_asset_classes: minItems"]],
  [id, { supported_asset_classes: ["art"] }, ["supported_asset_classes.0: enum"]],
  [id, { supported_asset_classes: ["fx", "fx"] }, ["supported_asset_classes: uniqueItems"]],
  [id, { supersedes: "none" }, ["supersedes: pattern"]],
  ...badParameters.map((parameter): Case => [id, { parameter_schema: [parameter] }, ["parameter_schema.0: oneOf"]]),
  ...strayParameters.map((parameter): Case => [
    id,
    { parameter_schema: [parameter] },
    ["parameter_schema.0: oneOf", "clause 4"],
  ]),
  [id, { parameter_schema: [int, int] }, ["clause 3"]],
  [id, { parameter_schema: [{ ...int, default: -1 }] }, ["clause 4"]],
  [id, { parameter_schema: [{ ...int, default: 3 }] }, ["clause 4"]],
  [id, { parameter_schema: [{ ...categorical, default: "z" }] }, ["clause 4"]],
];

export const algorithmSound: Sound[] = [
  [id, { status: "draft", is_default: false, content_hash: undefined, released_at: undefined, created_by: "somebody" }],
  [id, { version: "1.0.0-rc.1+b2", _id: "buy_and_hold@1.0.0-rc.1+b2", is_default: false }],
  [id, { parameter_schema: [] }],
  [id, { parameter_schema: [int, float, bool, categorical] }],
  [id, { ...committed, created_by: "somebody" }],
  [id, { engine_compat: "=2.1.0" }],
  [id, { engine_compat: ">1 <=2.4.1" }],
];
