import { describe, expect, test } from "@jest/globals";
import { parameterViolations } from "../../../operations/crossStoreParameters.ts";

const algorithm = {
  parameter_schema: [
    { name: "period", type: "int", min: 2, max: 50 },
    { name: "weight", type: "float", min: 0, max: 1 },
    { name: "short", type: "bool" },
    { name: "rebalance", type: "categorical", choices: ["monthly", "weekly"] },
  ],
};

describe("a value inside parameter_schema", () => {
  test.each([
    ["period", 2.5, "int from 2 to 50"],
    ["period", 1, "int from 2 to 50"],
    ["period", "20", "int from 2 to 50"],
    ["weight", 1.1, "float from 0 to 1"],
    ["weight", null, "float from 0 to 1"],
    ["short", 1, "bool"],
    ["rebalance", "daily", '"monthly", "weekly"'],
  ])("is, for %s, not %j", (name, value, expected) => {
    expect(parameterViolations({ [name]: value }, undefined, algorithm)).toEqual([
      [`parameter ${name}`, "is inside parameter_schema", JSON.stringify(value), expected],
    ]);
  });

  test("is one of its type, the ends of its range included", () => {
    const given = { period: 50, weight: 0, short: false, rebalance: "weekly" };
    expect(parameterViolations(given, undefined, algorithm)).toEqual([]);
  });
});

describe("a point of a sweep", () => {
  const swept = (space: object) => ({ parameters: {}, sweep: { space } });

  test("lies on the steps, also on those that have no exact double", () => {
    const configuration = swept({ weight: { min: 0.1, max: 0.9, step: 0.1 } });
    expect(parameterViolations({ weight: 0.3 }, configuration, undefined)).toEqual([]);
    expect(parameterViolations({ weight: 0.35 }, configuration, undefined)).toEqual([
      ["parameter weight", "is a point of the sweep", "0.35", "from 0.1 to 0.9 in steps of 0.1"],
    ]);
  });

  test("is one of the values, where they are listed", () => {
    const configuration = swept({ rebalance: { values: ["monthly", "weekly"] } });
    expect(parameterViolations({ rebalance: "weekly" }, configuration, undefined)).toEqual([]);
    expect(parameterViolations({ rebalance: "daily" }, configuration, undefined)).toEqual([
      ["parameter rebalance", "is a point of the sweep", '"daily"', '"monthly", "weekly"'],
    ]);
  });

  test("has a value for each axis", () => {
    expect(parameterViolations({}, swept({ period: { min: 2, max: 4, step: 1 } }), undefined)).toEqual([
      ["parameter period", "is a point of the sweep", null, "from 2 to 4 in steps of 1"],
    ]);
  });
});
