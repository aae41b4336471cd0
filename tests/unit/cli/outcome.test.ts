import { describe, expect, test } from "@jest/globals";
import { globSync, readFileSync } from "node:fs";
import { exitCodes, outcomeOf } from "../../../cli/outcome.ts";
import { LockHeld, LoginRefused, MigrationError, Unreachable } from "../../../migrator/errors.ts";
import { UserError } from "../../../operations/errors.ts";

describe("a command that failed", () => {
  const unreachable = new Unreachable(
    "MongoDB at h:1 can't be reached: no route.",
    "Start it: `pulumi up`.",
    undefined,
  );
  const refused = new LoginRefused(
    "MongoDB at h:1 refuses the password of u.",
    "`npm run recover:mongodb`.",
    undefined,
  );

  test("is told what is wrong and the way out, in words and as data", () => {
    expect(outcomeOf(new UserError("Say this."), true)).toEqual({
      lines: ["✖ Say this."],
      data: { error: "Say this." },
      code: exitCodes.usage,
    });
    expect(outcomeOf(new MigrationError("It fails.", { migration: "0001_x.sql" }), true)).toEqual({
      lines: ["✖ It fails."],
      data: { error: "It fails.", migration: "0001_x.sql" },
      code: exitCodes.refused,
    });
  });

  test("is told of a way out by Pulumi on a stack alone", () => {
    expect(outcomeOf(unreachable, false)).toMatchObject({ lines: [`✖ ${unreachable.message}`], code: 5 });
    expect(outcomeOf(unreachable, true)).toMatchObject({
      lines: ["✖ MongoDB at h:1 can't be reached: no route. Start it, or mend the URL."],
      code: 5,
    });
    expect(outcomeOf(refused, false)).toMatchObject({ lines: [`✖ ${refused.message}`], code: 5 });
    expect(outcomeOf(refused, true)).toMatchObject({
      lines: ["✖ MongoDB at h:1 refuses the password of u. Mend the URL, or let this user in."],
      code: 5,
    });
  });

  test.each([true, false])("is told to run the same command again, and not Pulumi's (alone: %s)", (isAlone) => {
    const held = new LockHeld("Another run holds the lock. Let it finish. Then run `pulumi up` again.");
    expect(outcomeOf(held, isAlone)).toMatchObject({
      lines: ["✖ Another run holds the lock. Let it finish. Then run this again."],
      code: exitCodes.locked,
    });
  });

  test("is not told at all where nobody foresaw it", () => {
    expect(() => outcomeOf(new TypeError("x is undefined"), true)).toThrow(new TypeError("x is undefined"));
  });
});

test("no other sentence of the migrator sends who has no stack to Pulumi", () => {
  const left: Record<string, number> = {};
  for (const file of globSync("migrator/**/*.ts")) {
    const lines = readFileSync(file, "utf8").replaceAll("\\`", "`").split("\n");
    const code = lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
    const told = code.flatMap((line) => outcomeOf(new MigrationError(line), true).lines);
    const count = told.filter((line) => /`pulumi|npm run recover/.test(line)).length;
    if (count > 0) left[file] = count;
  }
  expect(left).toEqual({
    // Setting a server up is for a stack alone.
    "migrator/mongodb/bootstrap.ts": 1,
    "migrator/postgresql/bootstrap.ts": 1,
    // The way out on a stack, which the error has apart.
    "migrator/mongodb/connection.ts": 1,
    "migrator/postgresql/connection.ts": 1,
    // The same, and three for a container that is waited for: this command names none.
    "migrator/readiness.ts": 4,
  });
});
