import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { Decimal128 } from "mongodb";
import { type TradingMongo, startTradingMongo } from "../../support/schemaMongo.ts";
import { type Field, fieldsOf, isObject } from "../../support/schemaMongoCases.ts";
import { changed, refusal } from "../../support/schemaMongoRefusals.ts";

jest.setTimeout(300_000);

let server: TradingMongo;
beforeAll(async () => {
  server = await startTradingMongo("default", "dev");
});
afterAll(() => server?.remove());

/** Fields that may be left out (`*`: any element or name), and those whose content is the owner's. */
const collections: [string, { optional: string[]; free: string[] }][] = [
  ["algorithm_versions", { optional: ["changelog", "parameter_schema.*.step", "supersedes"], free: [] }],
  ["simulator_configs", { optional: ["changelog", "fee_model.max_rate"], free: [] }],
  [
    "simulation_configs",
    {
      optional: [
        ...["benchmark", "description", "metadata", "overrides.*", "overrides.fee_model.max_rate", "parameters.*"],
        ...["period.out_of_sample_start", "sweep", "sweep.space.*", "universe.venue"],
      ],
      free: ["metadata"],
    },
  ],
];

describe.each(collections)("each field of sound %s", (collection, { optional, free }) => {
  const fields = fieldsOf(collection).filter(({ path }) => !free.some((field) => path.startsWith(`${field}.`)));

  async function accepted(tried: Field[], nonsense: (field: Field) => Record<string, unknown>): Promise<string[]> {
    const paths: string[] = [];
    for (const field of tried) {
      const document = changed(field.document, nonsense(field));
      if ((await refusal(server.database, collection, document)) === null) paths.push(field.path);
    }
    return paths;
  }

  test("is needed, but for those that are optional", async () => {
    // MongoDB gives a document without _id one of its own; an element that is taken out leaves another list.
    const needed = fields.filter(({ path }) => path !== "" && path !== "_id" && !/\.\d+$/.test(path));
    const dispensable = await accepted(needed, ({ path }) => ({ [path]: undefined }));
    const kinds = dispensable.map((path) =>
      path.replace(/\.\d+\b/, ".*").replace(/^(overrides|parameters|sweep\.space)\.\w+$/, "$1.*"),
    );
    expect([...new Set(kinds)].sort()).toEqual(optional);
  });

  test("refuses a value of another type", async () => {
    const typed = fields.filter(({ path }) => path !== "");
    // No field takes a regular expression, but MongoDB itself refuses one as _id.
    expect(await accepted(typed, ({ path }) => ({ [path]: path === "_id" ? 5 : /nonsense/ }))).toEqual([]);
  });

  test("refuses NaN and the infinities where it is a number", async () => {
    const numbers = fields.filter(({ value }) => typeof value === "number");
    const decimals = fields.filter(({ value }) => value instanceof Decimal128);
    expect(numbers.length).toBeGreaterThan(20);
    for (const number of [NaN, Infinity, -Infinity]) {
      expect(await accepted(numbers, ({ path }) => ({ [path]: number }))).toEqual([]);
    }
    for (const text of ["NaN", "Infinity", "-Infinity"]) {
      expect(await accepted(decimals, ({ path }) => ({ [path]: Decimal128.fromString(text) }))).toEqual([]);
    }
  });

  test("refuses fields that nobody defined, where it is an object that is ours", async () => {
    const objects = fields.filter(({ value }) => isObject(value));
    const open = await accepted(objects, ({ path }) => ({ [path === "" ? "Nonsense" : `${path}.Nonsense`]: 1 }));
    expect([...new Set(open)]).toEqual(free);
  });
});
