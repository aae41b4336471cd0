/**
 * One document for each version of an algorithm: what it is, which parameters it takes, where its code is.
 * Once released it is not edited but superseded: content_hash proves it.
 */

/** The end of a text; $ alone would also match before a line break there. */
const end = "$(?!\\n)";
const name = { bsonType: "string", pattern: `^[a-z][a-z0-9_]{2,63}${end}` };
const parameterName = { bsonType: "string", pattern: `^[a-z][a-z0-9_]{0,63}${end}` };
const text = { bsonType: "string", minLength: 1, maxLength: 2000 };
const hash = { bsonType: "string", pattern: `^[0-9a-f]{64}${end}` };
const semanticVersion = {
  bsonType: "string",
  pattern: `^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*)){2}(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?${end}`,
};
const bound = "(=|[<>]=?)(0|[1-9]\\d*)(\\.(0|[1-9]\\d*)){0,2}";
/** Bounds refuse NaN and the infinities, which `bsonType: "number"` alone lets in. */
const finite = { bsonType: "number", minimum: -1e15, maximum: 1e15 };
const flag = { bsonType: "bool" };

/** A parameter of one type: the fields that all types share, and its own. */
const parameter = (type: string, required: string[], properties: object) => ({
  bsonType: "object",
  additionalProperties: false,
  required: ["name", "type", "default", "optimizable", "description", ...required],
  properties: { name: parameterName, type: { enum: [type] }, optimizable: flag, description: text, ...properties },
});

const schema = {
  bsonType: "object",
  additionalProperties: false,
  required: [
    "_id",
    "schema_version",
    "algorithm_name",
    "version",
    "version_sort",
    "status",
    "is_default",
    "description",
    "category",
    "source",
    "engine_compat",
    "parameter_schema",
    "required_data",
    "supported_asset_classes",
    "created_at",
    "created_by",
  ],
  properties: {
    _id: { bsonType: "string", description: "algorithm_name@version" },
    schema_version: { enum: [1] },
    algorithm_name: name,
    version: semanticVersion,
    version_sort: {
      bsonType: "array",
      minItems: 3,
      maxItems: 3,
      items: { bsonType: "int", minimum: 0 },
      description: "[major, minor, patch]: as text, 1.10.0 would come before 1.9.0",
    },
    status: { enum: ["draft", "released", "deprecated", "retired"] },
    is_default: flag,
    description: text,
    category: {
      enum: ["trend_following", "mean_reversion", "momentum", "breakout", "stat_arb", "market_making", "benchmark"],
    },
    source: {
      bsonType: "object",
      additionalProperties: false,
      required: ["language", "entry_point"],
      properties: {
        language: text,
        entry_point: text,
        repository: text,
        git_commit: { bsonType: "string", pattern: `^[0-9a-f]{40}${end}` },
      },
      dependencies: { repository: ["git_commit"], git_commit: ["repository"] },
    },
    content_hash: { ...hash, description: "see schema/mongodb/contentHash.ts" },
    engine_compat: {
      bsonType: "string",
      pattern: `^${bound}( ${bound})?${end}`,
      description: "range of engine versions: one bound or two, such as >=2.0 <3",
    },
    parameter_schema: {
      bsonType: "array",
      items: {
        oneOf: [
          parameter("int", ["min", "max"], {
            default: { bsonType: "int" },
            min: { bsonType: "int" },
            max: { bsonType: "int" },
            step: { bsonType: "int", minimum: 1 },
          }),
          parameter("float", ["min", "max"], {
            default: finite,
            min: finite,
            max: finite,
            step: { ...finite, minimum: 0, exclusiveMinimum: true },
          }),
          parameter("bool", [], { default: flag }),
          parameter("categorical", ["choices"], {
            default: text,
            choices: { bsonType: "array", minItems: 2, uniqueItems: true, items: text },
          }),
        ],
      },
    },
    required_data: {
      bsonType: "object",
      additionalProperties: false,
      required: ["min_timeframe", "warmup_bars", "fields"],
      properties: {
        min_timeframe: { enum: ["tick", "1m", "5m", "15m", "1h", "1d"] },
        warmup_bars: { bsonType: "int", minimum: 0 },
        fields: { bsonType: "array", minItems: 1, uniqueItems: true, items: text },
      },
    },
    supported_asset_classes: {
      bsonType: "array",
      minItems: 1,
      uniqueItems: true,
      items: { enum: ["equity", "crypto_spot", "crypto_perpetual", "future", "fx"] },
    },
    changelog: text,
    supersedes: semanticVersion,
    created_at: { bsonType: "date" },
    created_by: text,
    released_at: { bsonType: "date" },
  },
  oneOf: [
    { properties: { status: { enum: ["draft"] }, is_default: { enum: [false] } } },
    {
      properties: { status: { enum: ["deprecated", "retired"] }, is_default: { enum: [false] } },
      required: ["content_hash", "released_at"],
    },
    { properties: { status: { enum: ["released"] } }, required: ["content_hash", "released_at"] },
  ],
};

const idIsNameAndVersion = { $expr: { $eq: ["$_id", { $concat: ["$algorithm_name", "@", "$version"] }] } };

const versionSortAgrees = {
  $expr: {
    $eq: [
      "$version_sort",
      {
        $map: {
          input: { $split: [{ $first: { $split: [{ $first: { $split: ["$version", "+"] } }, "-"] } }, "."] },
          // A number that is too large for an int becomes -1, which no version_sort has.
          in: { $convert: { input: "$$this", to: "int", onError: -1, onNull: -1 } },
        },
      },
    ],
  },
};

const parameterNamesDiffer = {
  $expr: { $eq: [{ $size: "$parameter_schema" }, { $size: { $setUnion: "$parameter_schema.name" } }] },
};

const defaultsAreAllowed = {
  $expr: {
    $allElementsTrue: {
      $map: {
        input: "$parameter_schema",
        in: {
          $switch: {
            branches: [
              {
                case: { $in: ["$$this.type", ["int", "float"]] },
                then: {
                  $and: [{ $lte: ["$$this.min", "$$this.default"] }, { $lte: ["$$this.default", "$$this.max"] }],
                },
              },
              { case: { $eq: ["$$this.type", "categorical"] }, then: { $in: ["$$this.default", "$$this.choices"] } },
            ],
            default: true,
          },
        },
      },
    },
  },
};

/** The default documents come without a repository: they describe algorithms, and invent no commit. */
const releasedCodeIsCommitted = {
  $or: [{ status: "draft" }, { created_by: "default" }, { "source.git_commit": { $exists: true } }],
};

const releasedAfterCreated = { $expr: { $lte: ["$created_at", { $ifNull: ["$released_at", "$created_at"] }] } };

export default [
  {
    create: "algorithm_versions",
    validator: {
      $and: [
        { $jsonSchema: schema },
        idIsNameAndVersion,
        versionSortAgrees,
        parameterNamesDiffer,
        defaultsAreAllowed,
        releasedAfterCreated,
        releasedCodeIsCommitted,
      ],
    },
    validationLevel: "strict",
    validationAction: "error",
  },
  {
    createIndexes: "algorithm_versions",
    indexes: [
      { name: "algorithm_version", key: { algorithm_name: 1, version: 1 }, unique: true },
      {
        name: "one_default_for_each_algorithm",
        key: { algorithm_name: 1 },
        unique: true,
        partialFilterExpression: { is_default: true },
      },
      { name: "content_hash", key: { content_hash: 1 } },
    ],
  },
];
