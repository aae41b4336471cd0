import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { firstEdit, firstEditByMarks, lineMarks } from "../../../migrator/edits.ts";

test.each([
  ["a\nb\nc\n", "a\nB\nc\n", 'line 2 is now "B", and was "b"', 'line 2 is now "B"'],
  ["a\nb\n", "a\n", 'it ends before line 2, and was "b"', "it ends before line 2"],
  ["a\n", "a\nb\n", 'line 2 is new: "b"', 'line 2 is new: "b"'],
  ["a\nb\n", "x\na\nb\n", 'line 1 is now "x", and was "a"', 'line 1 is now "x"'],
  ["a", "b".repeat(90), `line 1 is now "${"b".repeat(77)}...", and was "a"`, `line 1 is now "${"b".repeat(77)}..."`],
])("%j edited to %j", (was, is, withText, withMarks) => {
  expect(firstEdit(was, is)).toBe(withText);
  expect(firstEditByMarks(lineMarks(was), is)).toBe(withMarks);
});

test("for any texts the marks tell the same line as the texts do", () => {
  const lines = fc
    .array(fc.constantFrom("a", "b", "", "  c"), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join("\n"));
  fc.assert(
    fc.property(lines, lines, (was, is) => {
      const place = (words: string) => /line \d+/.exec(words)?.[0];
      fc.pre(lineMarks(was) !== lineMarks(is));
      expect(place(firstEditByMarks(lineMarks(was), is))).toBe(place(firstEdit(was, is)));
    }),
  );
});
