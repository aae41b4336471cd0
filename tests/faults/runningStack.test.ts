import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, type Clone } from "../support/clone.ts";
import { fingerprint } from "../support/fingerprint.ts";
import { docker } from "../support/project.ts";

const MINUTES = 60_000;

let clone: Clone;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  expect(await clone.setUp()).toMatchObject({ code: 0, stderr: "" });
}, 3 * MINUTES);

afterAll(() => clone.remove());

const migration = (name: string) => join(clone.folder, "schema/postgresql/migrations", name);

const sql = (query: string) =>
  docker(
    "exec",
    clone.names.containers.postgres,
    "psql",
    "-U",
    "trading_user",
    "-d",
    "trading_results",
    "-At",
    "-c",
    query,
  );

/** Expects that ledger and schema are what the files make, each applied once, and that the lock is free at once. */
async function expectSettled(version: string): Promise<void> {
  const migrate = async (command: string) => {
    const line = `npm run --silent migrate -- --engine postgresql --wait 0 --json ${command}`;
    const { code, stdout, stderr } = await clone.login(line);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout);
  };
  // It takes the lock, finds nothing to do, and gives it back.
  expect(await migrate("up")).toEqual({ version, applied: [] });
  expect(await migrate("drift")).toEqual({ drift: [] });
  const files = readdirSync(migration(".")).filter((name) => /^\d{4}_\w+\.sql$/.test(name));
  expect(await sql("SELECT name FROM trading_ledger.migrations ORDER BY name")).toBe(files.sort().join("\n"));
  expect(await sql("SELECT what || ' ' || name FROM trading_ledger.history ORDER BY name")).toBe(
    files.map((name) => `applied ${name}`).join("\n"),
  );
}

test(
  "a migration that fails is told with file, line and what was applied before it, one with a syntax error before any is; mended, it is applied",
  async () => {
    writeFileSync(migration("0019_add_notes.sql"), "CREATE TABLE notes (text text);\n");
    writeFileSync(migration("0020_add_more.sql"), "CREATE TABLE more (a int);\n\nCREATE TABEL most (a int);\n");
    expect(await clone.setUp()).toMatchObject({
      code: 1,
      stderr:
        '\n✖ 0020_add_more.sql line 3: syntax error at or near "TABEL". Nothing was applied. Mend the file, and run ' +
        "`pulumi up` again.\nIn a shell where `pulumi` is not known yet: source .trading-db/env\n",
    });
    expect(await sql("SELECT to_regclass('notes')")).toBe("");
    writeFileSync(migration("0020_add_more.sql"), "CREATE TABLE more (a int);\n\nCREATE TABLE most (a integr);\n");
    expect(await clone.setUp()).toMatchObject({
      code: 1,
      stderr:
        '\n✖ 0020_add_more.sql line 3: type "integr" does not exist; 0019_add_notes.sql was applied before it, ' +
        "nothing of 0020_add_more.sql was kept. Mend the file, and run `pulumi up` again.\n" +
        "In a shell where `pulumi` is not known yet: source .trading-db/env\n",
    });
    expect(await sql("SELECT to_regclass('notes'), to_regclass('more')")).toBe("notes|");
    expect(await sql("SELECT max(name) FROM trading_ledger.migrations")).toBe("0019_add_notes.sql");

    writeFileSync(migration("0020_add_more.sql"), "CREATE TABLE more (a int);\n\nCREATE TABLE most (a int);\n");
    const { code, stdout } = await clone.setUp();
    expect(code).toBe(0);
    expect(stdout).toContain("› PostgreSQL is migrated to 0020_add_more.sql (");
    expect(await sql("SELECT to_regclass('notes'), to_regclass('more'), to_regclass('most')")).toBe("notes|more|most");
    await expectSettled("0020_add_more.sql");
  },
  3 * MINUTES,
);

describe("F05: two runs at once", () => {
  test(
    "in one clone: the second says who holds it, waits, and finds nothing to do",
    async () => {
      writeFileSync(migration("0021_add_last.sql"), "CREATE TABLE last (a int);\n");
      const first = clone.begin();
      await first.shows("✔ npm packages");
      const second = clone.begin();
      await second.shows(`… another run holds this clone (process ${first.process.pid}, since `);
      expect(await first.ended).toMatchObject({ code: 0, stderr: "" });
      const { code, stdout, stderr } = await second.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(
        /^… another run holds this clone \(process \d+, since \d\d:\d\d:\d\d\); waiting for it to end\n✔ Node\.js /,
      );
      expect(stdout).not.toContain("›");
      expect(await sql("SELECT to_regclass('last')")).toBe("last");
      await expectSettled("0021_add_last.sql");
    },
    3 * MINUTES,
  );

  test(
    "of which the other is `pulumi` itself: the script names its process and changes nothing",
    async () => {
      writeFileSync(migration("0022_take_long.sql"), "SELECT pg_sleep(15);\n");
      const folder = join(clone.folder, ".trading-db/state/.pulumi/locks/organization/trading-db", clone.stackName);
      const other = clone.login("pulumi up --yes --skip-preview --non-interactive");
      while (!existsSync(folder) || !readdirSync(folder).some((file) => file.endsWith(".json"))) await sleep(100);
      const { code, stderr } = await clone.setUp();
      expect(code).toBe(1);
      expect(stderr.replace(hostname(), "HOST")).toMatch(
        new RegExp(
          `^\n✖ Stack ${clone.stackName} is being changed by process \\d+ of \\w+ on HOST, since \\d{4}-\\d\\d-\\d\\dT\\S+\\. ` +
            "Wait for it to end; if it is gone for good: pulumi cancel\n" +
            "In a shell where `pulumi` is not known yet: source .trading-db/env\n$",
        ),
      );
      expect(await other).toMatchObject({ code: 0 });
      await expectSettled("0022_take_long.sql");
    },
    MINUTES,
  );
});

describe("a stack's data", () => {
  let before: string;
  let things: string[];

  beforeAll(async () => {
    before = await fingerprint(await clone.outputs());
    things = await clone.remains();
    expect(things).toHaveLength(12);
    expect(await clone.login("pulumi config set protect true && pulumi up --yes --skip-preview")).toMatchObject({
      code: 0,
    });
  }, MINUTES);

  const untouched = async () => {
    expect(await clone.remains()).toEqual(things);
    expect(await fingerprint(await clone.outputs())).toBe(before);
  };

  test(
    "that are protected are refused to `pulumi destroy`, and all of the stack stays",
    async () => {
      const { code, stdout, stderr } = await clone.login(
        "pulumi destroy --yes --skip-preview --non-interactive --color never",
      );
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(
        /"urn:pulumi:\S+random:index\/randomId:RandomId::trading-db-guard" cannot be deleted/,
      );
      await untouched();
    },
    MINUTES,
  );

  test.each([
    ["that are protected", "true"],
    ["whose protection was taken out of the settings, but not out of the stack,", "pulumi config rm protect"],
  ])(
    "%s are refused to the reset, and all of the stack stays",
    async (_data, before) => {
      expect(await clone.login(`${before} && npm run --silent reset -- ${clone.stackName}`)).toEqual({
        code: 1,
        stdout: "",
        stderr:
          `✖ Stack ${clone.stackName} is protected. Nothing was deleted. ` +
          "To delete it all the same: pulumi config rm protect && pulumi up, then reset again.\n",
      });
      await untouched();
    },
    MINUTES,
  );

  test(
    "are refused to a reset that names another stack, or none where nobody can be asked",
    async () => {
      expect(await clone.login("pulumi up --yes --skip-preview")).toMatchObject({ code: 0 });
      expect(await clone.login("npm run --silent reset -- dev")).toEqual({
        code: 1,
        stdout: "",
        stderr: `✖ "dev" is not the name of this stack (${clone.stackName}). Nothing was deleted.\n`,
      });
      expect(await clone.login("npm run --silent reset")).toEqual({
        code: 1,
        stdout: "",
        stderr: `✖ There is no terminal to ask on. Name the stack: npx trading-db reset ${clone.stackName}\n`,
      });
      await untouched();
    },
    MINUTES,
  );

  test(
    "are deleted by a reset only after its name was typed, with everything else of the stack but its settings",
    async () => {
      const { postgresData, mongodbData } = clone.names.volumes;
      const type = (name: string) =>
        clone.login(`echo ${name} | script --quiet --return --command "npm run --silent reset" /dev/null`);
      const wrong = await type("dev");
      expect(wrong.code).toBe(1);
      expect(wrong.stdout).toContain("This deletes, with all data in them:\r\n  volumes     ");
      for (const volume of [postgresData, mongodbData]) expect(wrong.stdout).toContain(volume);
      expect(wrong.stdout).toContain(
        `There is NO good backup in backups/${clone.stackName}. To make one first: npx trading-db backup --prove\r\n` +
          "Type its name to go on: ",
      );
      expect(wrong.stdout).toContain(
        `✖ "dev" is not the name of this stack (${clone.stackName}). Nothing was deleted.`,
      );
      await untouched();

      const right = await type(clone.stackName);
      expect(right.code).toBe(0);
      expect(right.stdout).toContain(`… deleting everything of stack ${clone.stackName}\r\n`);
      expect(right.stdout).toContain(
        `✔ nothing of stack ${clone.stackName} is left. A new one: ./setup-databases.sh --stack ${clone.stackName}\r\n`,
      );
      expect(await clone.remains()).toEqual([]);
      expect(await clone.login("pulumi config get sampleData")).toMatchObject({ code: 0, stdout: "true\n" });
    },
    MINUTES,
  );
});
