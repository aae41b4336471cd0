import { describe, expect, test } from "@jest/globals";
import { refuseDifference } from "../../../../operations/backups/compare.ts";

describe("counts of what was restored", () => {
  const differs = (found: number, before: number, after: number, written?: number) => () =>
    refuseDifference(
      "It",
      "row",
      { a: found },
      { a: before },
      { a: after },
      written === undefined ? {} : { a: written },
    );
  const words = (found: number, after: number) =>
    `It was restored, and differs: a has ${found} rows instead of ${after} rows.`;

  test("are those of before, of after or between them", () => {
    for (const found of [5, 6, 9]) {
      expect(differs(found, 5, 9)).not.toThrow();
      expect(differs(found, 9, 5)).not.toThrow();
    }
    expect(differs(4, 5, 9)).toThrow(words(4, 9));
    expect(differs(10, 5, 9)).toThrow(words(10, 9));
  });

  test("may be further from them by as many rows as came and went meanwhile", () => {
    expect(differs(15, 10, 7, 13)).not.toThrow();
    expect(differs(15, 10, 7, 4)).toThrow(words(15, 7));
    expect(differs(5, 10, 10, 5)).not.toThrow();
    expect(differs(4, 10, 10, 5)).toThrow(words(4, 10));
  });
});
