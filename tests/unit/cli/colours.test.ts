import { expect, test } from "@jest/globals";
import { PassThrough } from "node:stream";
import { inColours } from "../../../cli/colours.ts";
import { table } from "../../../operations/table.ts";
import { execute } from "../../support/project.ts";

// What a terminal is to Node.
const terminal = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.WriteStream;
const codes = { green: "\x1b[32m", yellow: "\x1b[33m", red: "\x1b[31m", end: "\x1b[39m" };
const painted = (colour: Exclude<keyof typeof codes, "end">, words: string) => codes[colour] + words + codes.end;

test.each([
  ["✔ 15 checks hold", `${painted("green", "✔")} 15 checks hold`],
  ["✖ Docker: ✖ is a mark\n    cure", `${painted("red", "✖")} Docker: ✖ is a mark\n    cure`],
  ["0001_x.sql\n  ! line 1: slow", `0001_x.sql\n  ${painted("yellow", "!")} line 1: slow`],
  ["Stack dev is healthy.", `Stack dev is ${painted("green", "healthy")}.`],
  ["Stack dev is NOT healthy.", `Stack dev is ${painted("red", "NOT healthy")}.`],
  ["POSTGRES_PASSWORD=!a ✔ healthy", "POSTGRES_PASSWORD=!a ✔ healthy"],
])("in a terminal a mark and a state have their colour: %j", (words, expected) => {
  expect(inColours(words, terminal)).toBe(expected);
});

test("a state in a table has its colour, and no column moves for it", () => {
  const states = ["healthy", "unhealthy", "proven", "unproven", "damaged"];
  const words = table(
    ["backup", "state"],
    states.map((state) => [`a ${state} one`, state]),
  );
  const shown = inColours(words, terminal);
  // eslint-disable-next-line no-control-regex
  expect(shown.replaceAll(/\x1b\[\d+m/g, "")).toBe(words);
  expect(shown).toContain(`│ a proven one    │ ${painted("green", "proven")}    │`);
  expect(shown).toContain(`│ a unproven one  │ ${painted("yellow", "unproven")}  │`);
  for (const [colour, state] of [
    ["green", "healthy"],
    ["red", "unhealthy"],
    ["red", "damaged"],
  ] as const)
    expect(shown).toContain(`│ ${painted(colour, state)} `);
});

const words = 'There is no engine "mysql". There are postgresql and mongodb.';
const failing = "cli/migrate.ts --engine mysql status";

test.each([
  ["is plain", {}, `✖ ${words}\n`],
  ["has colours where they are forced", { FORCE_COLOR: "1" }, `${painted("red", "✖")} ${words}\n`],
])("an error that no terminal shows %s", async (_how, env, stderr) => {
  expect(await execute(process.execPath, failing.split(" "), { env })).toEqual({ code: 2, stdout: "", stderr });
});

test.each([
  ["has colours", undefined, `${painted("red", "✖")} ${words}\r\n`],
  ["is plain where nobody wants colours", "1", `✖ ${words}\r\n`],
])("an error in a terminal %s", async (_how, NO_COLOR, stdout) => {
  const inTerminal = ["--quiet", "--return", "--command", `${process.execPath} ${failing}`, "/dev/null"];
  // Node shows no colours where CI is set and it doesn't know whose.
  const env = { TERM: "xterm", CI: undefined, NO_COLOR };
  expect(await execute("script", inTerminal, { env })).toEqual({ code: 2, stdout, stderr: "" });
});

test("JSON has no colours, also where they are forced", async () => {
  expect(
    await execute(process.execPath, ["cli/migrate.ts", "--json", ...failing.split(" ").slice(1)], {
      env: { FORCE_COLOR: "1" },
    }),
  ).toEqual({
    code: 2,
    stdout: `${JSON.stringify({ error: words }, null, 2)}\n`,
    stderr: "",
  });
});
