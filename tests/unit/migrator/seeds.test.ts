import { expect, test } from "@jest/globals";
import { seedPlan } from "../../../migrator/seeds.ts";

const file = (name: string, checksum = "same") => ({ name: `default/${name}.sql`, checksum });

test("seeds that the ledger doesn't have are pending, in order", () => {
  expect(seedPlan([file("0001_a"), file("0002_b"), file("0003_c")], [file("0002_b")])).toEqual({
    pending: [file("0001_a"), file("0003_c")],
    edited: [],
  });
});

test("a seed whose text is another one than was seeded is edited, and not pending", () => {
  expect(seedPlan([file("0001_a", "new")], [file("0001_a", "old")])).toEqual({
    pending: [],
    edited: [file("0001_a", "new")],
  });
});

test("a seed whose file is gone is forgotten", () => {
  expect(seedPlan([], [file("0001_a")])).toEqual({ pending: [], edited: [] });
});
