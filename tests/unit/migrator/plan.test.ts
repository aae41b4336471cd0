import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { plan } from "../../../migrator/plan.ts";
import type { FileRef } from "../../../migrator/types.ts";

/** `0001_a` is a file with this name, whose text is `a`; `0001_a:x` has the text `x`. */
const refs = (words: string): FileRef[] =>
  words
    .split(" ")
    .filter(Boolean)
    .map((word) => {
      const [name, text] = word.split(":");
      return { name: `${name}.sql`, checksum: text ?? name!.slice(5) };
    });

test.each([
  ["", "", ""],
  ["0001_a 0002_b", "", "0001_a 0002_b"],
  ["0001_a 0002_b", "0001_a", "0002_b"],
  ["0001_a 0002_b", "0001_a 0002_b", ""],
])("files %j, applied %j: pending %j", (files, applied, pending) => {
  expect(plan(refs(files), { migrations: refs(applied) })).toEqual({ pending: refs(pending), refusals: [] });
});

test.each([
  [
    "an edited file",
    "0001_a 0002_b:x 0003_c",
    "0001_a 0002_b",
    [
      "0002_b.sql was edited after it was applied. Bring its text back, and put the change into a new file. " +
        "Where only comments changed, `npm run migrate -- repair 0002_b.sql` accepts them.",
    ],
  ],
  [
    "a missing file",
    "0001_a",
    "0001_a 0002_b",
    ["0002_b.sql was applied, but is not among the files. Bring it back, or use the checkout that has it."],
  ],
  [
    "a renamed file",
    "0001_a 0002_x:b",
    "0001_a 0002_b",
    ["0002_b.sql was applied, and is now called 0002_x.sql. Give it its old name back."],
  ],
  [
    "a file in the place of another",
    "0001_a 0002_x 0003_c",
    "0001_a 0002_b",
    [
      "0002_b.sql was applied, but 0002_x.sql has its number now. Bring 0002_b.sql back, and give 0002_x.sql the next free number.",
    ],
  ],
  [
    "a file that comes too late",
    "0001_a 0002_b 0003_c",
    "0001_a 0003_c",
    ["0002_b.sql comes before 0003_c.sql, which is applied. Give it the next free number."],
  ],
  [
    "files that changed places",
    "0001_b 0002_a 0003_c",
    "0001_a 0002_b",
    [
      "0001_a.sql was applied, and is now called 0002_a.sql. Give it its old name back.",
      "0002_b.sql was applied, and is now called 0001_b.sql. Give it its old name back.",
    ],
  ],
])("refuses %s, and applies nothing", (_what, files, applied, refusals) => {
  expect(plan(refs(files), { migrations: refs(applied) })).toEqual({ pending: [], refusals });
});

test("an edit is told with its line where that is known", () => {
  const edits = new Map([["0001_a.sql", 'line 2 is now "b", and was "a"']]);
  expect(plan(refs("0001_a:x"), { migrations: refs("0001_a") }, edits).refusals).toEqual([
    '0001_a.sql was edited after it was applied: line 2 is now "b", and was "a". Bring its text back, and put the change ' +
      "into a new file. Where only comments changed, `npm run migrate -- repair 0001_a.sql` accepts them.",
  ]);
});

describe("a file that was interrupted", () => {
  const applied = { migrations: refs("0001_a"), unfinished: { name: "0002_b.sql", done: ["hash"] } };

  test("is the next one, also when it was edited", () => {
    expect(plan(refs("0001_a 0002_b:x 0003_c"), applied)).toEqual({ pending: refs("0002_b:x 0003_c"), refusals: [] });
  });

  test.each([
    ["0001_a 0002_c", "0002_c.sql comes next"],
    ["0001_a", "it is not among the files"],
  ])("has to come next: files %j", (files, why) => {
    expect(plan(refs(files), applied)).toEqual({
      pending: [],
      refusals: [
        `0002_b.sql was interrupted, and a part of it stands, but ${why}. Bring 0002_b.sql back as the next file after those ` +
          "that are applied.",
      ],
    });
  });

  test("on its way back goes on in that direction", () => {
    const unfinished = { name: "0001_a.down.sql", done: ["hash"] };
    expect(plan(refs("0001_a"), { ...applied, unfinished })).toEqual({
      pending: [],
      refusals: ["0001_a.down.sql was interrupted, and a part of it stands. End it first: `npm run migrate -- down`."],
    });
  });
});

describe("for any files", () => {
  const files = fc
    .uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 2, maxLength: 30 })
    .map((words) => refs(words.map((word, i) => `${String(i + 1).padStart(4, "0")}_${word}`).join(" ")));
  /** Files, and how many of them are applied: at least one. */
  const applied = files.chain((all) => fc.tuple(fc.constant(all), fc.integer({ min: 1, max: all.length })));
  const appliedAndOne = applied.chain(([all, count]) =>
    fc.tuple(fc.constant(all), fc.constant(count), fc.nat(count - 1)),
  );
  const refuses = (changed: FileRef[], ledger: FileRef[]) => {
    const { pending, refusals } = plan(changed, { migrations: ledger });
    expect(pending).toEqual([]);
    expect(refusals.length).toBeGreaterThan(0);
  };

  test("any prefix that is applied is accepted, and the rest is pending", () => {
    fc.assert(
      fc.property(applied, ([all, count]) => {
        expect(plan(all, { migrations: all.slice(0, count) })).toEqual({ pending: all.slice(count), refusals: [] });
      }),
    );
  });

  test("an edit of any applied file is refused", () => {
    fc.assert(
      fc.property(appliedAndOne, ([all, count, one]) => {
        refuses(all.with(one, { ...all[one]!, checksum: "edited" }), all.slice(0, count));
      }),
    );
  });

  test("the loss of any applied file is refused", () => {
    fc.assert(fc.property(appliedAndOne, ([all, count, one]) => refuses(all.toSpliced(one, 1), all.slice(0, count))));
  });

  test("a new name for any applied file is refused", () => {
    fc.assert(
      fc.property(appliedAndOne, ([all, count, one]) => {
        const name = all[one]!.name.replace("_", "_really_");
        refuses(all.with(one, { ...all[one]!, name }), all.slice(0, count));
      }),
    );
  });

  test("a ledger with any gap is refused", () => {
    fc.assert(
      fc.property(appliedAndOne, ([all, count, one]) => {
        fc.pre(one < count - 1);
        refuses(all, all.slice(0, count).toSpliced(one, 1));
      }),
    );
  });

  test("an exchange of the numbers of an applied file and any other is refused", () => {
    fc.assert(
      fc.property(appliedAndOne, fc.nat(), ([all, count, one], seed) => {
        const other = seed % all.length;
        fc.pre(one !== other);
        const renumbered = (file: FileRef, number: FileRef) => ({
          ...file,
          name: number.name.slice(0, 4) + file.name.slice(4),
        });
        const swapped = all
          .with(one, renumbered(all[other]!, all[one]!))
          .with(other, renumbered(all[one]!, all[other]!));
        refuses(swapped, all.slice(0, count));
      }),
    );
  });
});
