import { describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import type { ResourceType } from "../../../provider/kinds.ts";
import { shell } from "../../../provider/shell.ts";
import { folder } from "../../support/migrations.ts";

const types: ResourceType[] = [
  "PostgresRoles",
  "PostgresMigrations",
  "PostgresSeeds",
  "MongoUsers",
  "MongoMigrations",
  "MongoSeeds",
];

/** Runs a method of a provider as Pulumi does: from its text, in a process of its own, in the project's folder. */
function call(text: string, method: string, args: unknown[]): unknown {
  const program = `
    const provider = require("require-from-string")(process.argv[1]).handler();
    provider[process.argv[2]](...JSON.parse(process.argv[3])).then((result) => console.log(JSON.stringify(result)));`;
  const command = ["--eval", program, text, method, JSON.stringify(args)];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
}

describe.each(types)("the provider of %s", (type) => {
  const text = shell(type);

  test("is a small text that names its type and loads one module", () => {
    expect(text.length).toBeLessThan(1000);
    expect(text.match(/require\(.*?\)/g)).toEqual(['require("./provider/resources.ts")']);
    expect(new Set(text.match(/"[^"]*"/g))).toEqual(new Set(['"./provider/resources.ts"', `"${type}"`]));
  });

  test("reaches the real code from another process", () => {
    const inputs = { containerId: "1", __provider: text };
    expect(call(text, "check", [{}, inputs])).toEqual({ inputs, failures: [] });
    expect(call(text, "diff", ["id", inputs, inputs])).toEqual({ changes: false });
    expect(call(text, "diff", ["id", inputs, { ...inputs, containerId: "2" }])).toEqual({ changes: true });
  });
});

test("a provider has no delete, so that destroying a stack needs no database", () => {
  expect(Object.keys(evaluate(shell("PostgresRoles")))).toEqual(["check", "diff", "create", "update", "read"]);
});

test("a provider hands on what the engine says", () => {
  const migrations = [{ name: "0001_add_a.sql", checksum: "a" }];
  const news = { migrations: [], directory: folder({}), containerId: "1" };
  expect(call(shell("PostgresMigrations"), "check", [{ migrations, containerId: "1" }, news])).toEqual({
    inputs: { ...news, __lines: {} },
    failures: [
      {
        property: "",
        reason:
          "0001_add_a.sql was applied, but is not among the files. Bring it back, or use the checkout that has it.",
      },
    ],
  });
});

function evaluate(text: string): object {
  const exports: { handler?: () => object } = {};
  new Function("exports", text)(exports);
  return exports.handler!();
}
