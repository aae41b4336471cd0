import { expect, test } from "@jest/globals";
import { seedPlan } from "../../../migrator/seeds.ts";

const file = (name: string, checksum = "same") => ({ name: `default/${name}.sql`, checksum });

test("seeds that the ledger doesn't have are pending, in order", () => {
  expect(seedPlan([file("0001_a"), file("0002_b"), file("0003_c")], [file("0002_b")])).toEqual({
    pending: [file("0001_a"), file("0003_c")],
    changed: [],
  });
});

test("a seed that was edited since is told, and not pending", () => {
  expect(seedPlan([file("0001_a", "new")], [file("0001_a", "old")])).toEqual({
    pending: [],
    changed: ["default/0001_a.sql"],
  });
});

test("a seed whose file is gone is forgotten", () => {
  expect(seedPlan([], [file("0001_a")])).toEqual({ pending: [], changed: [] });
});
