import { describe, expect, test } from "@jest/globals";
import { appliedOf } from "../../../../migrator/postgresql/otherLedger.ts";

const names = ["1_a.sql", "2_b.sql", "3_c.sql"];

describe("an integer id of the other tool's table", () => {
  test.each([
    ["beside the file's words", { name: "a" }, { name: "b" }],
    ["beside nothing that tells files apart", { applied_at: "monday" }, { applied_at: "tuesday" }],
  ])("is the file's number %s", (_, first, second) => {
    expect(
      appliedOf(
        names,
        [
          { id: 1, ...first },
          { id: 2, ...second },
        ],
        "t",
      ),
    ).toBe(2);
  });

  test("is passed over where another column has files, though fewer", () => {
    const rows = ["0_gone", "1_a", "2_b"].map((name, index) => ({ id: index + 1, name }));
    expect(appliedOf(names, rows, "t")).toBe(2);
  });

  test.each([
    ["goose, which has none applied", { id: 1, version_id: "0" }],
    ["Flyway, whose files are others", { installed_rank: 1, version: "7", script: "V7__x.sql" }],
  ])("is no file's number in the table of %s", (_, row) => {
    expect(() => appliedOf(names, [row], "t")).toThrow(
      "No column of t has names or numbers of the files. Nothing was copied. Name the table of the tool that ran them.",
    );
  });
});
