import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listMigrations } from "../../../migrator/files.ts";
import type { Connection } from "../../../migrator/types.ts";
import { usePostgres } from "../../support/migratorDatabases.ts";
import { urlOf } from "../../support/runner.ts";
import { folder } from "../../support/migrations.ts";
import { copyProject, execute } from "../../support/project.ts";

// What the migrator without Pulumi takes, and what it refuses.
jest.setTimeout(300_000);

const engine = "postgresql";
const lastMigration = listMigrations(engine, "schema/postgresql/migrations").at(-1)!.name;
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

describe("in a clone that was never set up", () => {
  let clone: string;
  beforeAll(() => {
    clone = copyProject();
  });
  afterAll(() => rmSync(clone, { recursive: true, force: true }));
  const npm = (env: Record<string, string | undefined>, ...args: string[]) =>
    execute("npm", ["run", "--silent", "migrate", "--", ...args], { cwd: clone, env });

  test("npm runs the migrator with nothing but Node.js, and hands over its JSON and its exit code", async () => {
    const env = { DATABASE_URL: urlOf(engine, connection) };
    const pending = await npm(env, "plan", "--json");
    expect({ ...pending, stdout: Object.keys(JSON.parse(pending.stdout)) }).toEqual({
      code: 3,
      stdout: ["pending", "refusals"],
      stderr: "",
    });
    expect(JSON.parse((await npm(env, "up", "--json")).stdout)).toMatchObject({ version: lastMigration });
    expect(await npm(env, "plan")).toMatchObject({ code: 0, stderr: "" });
  });

  test("the way to a newer Node.js is told where the machine's own is too old", async () => {
    const old = folder({ node: "#!/bin/sh\necho v20.1.0\n" });
    chmodSync(join(old, "node"), 0o755);
    expect(
      await execute("setup/with-env", ["node"], { cwd: clone, env: { PATH: `${old}:${process.env["PATH"]}` } }),
    ).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "This clone is not set up, and Node.js v20 of this machine is older than 24. Get what is needed, without databases: " +
        "./setup-databases.sh --prepare\n",
    });
  });

  test("the way to the packages is told where there are none", async () => {
    rmSync(join(clone, "node_modules"));
    expect(await execute("setup/with-env", ["node"], { cwd: clone })).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "This clone has no packages. Get them by `npm ci`, or all that is needed: ./setup-databases.sh --prepare\n",
    });
  });
});

describe("the command line", () => {
  test.each([
    [
      [],
      "Which database? Give --database-url postgres://... (or set DATABASE_URL), or --engine postgresql for that of the stack.",
    ],
    [
      ["--database-url", "localhost"],
      "The database URL is not a URL. It has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE.",
    ],
    [
      ["--database-url", "mysql://u:secret@h/d"],
      "The database URL begins with mysql://. It has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE.",
    ],
    [
      ["--database-url", "postgres://u:secret@h/d?sslmode=require"],
      'The database URL has the option "sslmode", and options are not taken. It has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE.',
    ],
    [
      ["--database-url", "postgres://u:secret@h"],
      "The database URL names no database. It has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE.",
    ],
    [
      ["--database-url", "postgres://u:secret@h/d", "--engine", "postgresql"],
      "--database-url and --engine both name a database. Give one of them.",
    ],
    [["--engine", "mysql"], 'There is no engine "mysql". There are postgresql and mongodb.'],
    [
      ["--database-url", "postgres://u:secret@h/d", "--wait", "long"],
      '--wait is "long", and has to be a number of seconds.',
    ],
    [["--database-url", "postgres://u:secret@h/d", "--wait="], '--wait is "", and has to be a number of seconds.'],
    [["--force"], "Not understood: unknown option '--force'. See: npm run migrate -- --help"],
    [["baseline"], "Not understood: missing required argument 'migration'. See: npm run migrate -- --help"],
    [["down", "--to"], "Not understood: option '--to <migration>' argument missing. See: npm run migrate -- --help"],
    [
      ["stauts", "--to", "x"],
      'There is no command "stauts". There are up, plan, status, drift, down, baseline, repair, adopt and seed.',
    ],
  ])("%j is refused with exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await execute(process.execPath, ["cli/migrate.ts", ...args], {
      env: { DATABASE_URL: undefined },
    });
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: `✖ ${message}\n` });
  });

  test("takes the URL from the environment, where nobody sees it", async () => {
    const env = { DATABASE_URL: urlOf(engine, connection) };
    const { code } = await execute(process.execPath, ["cli/migrate.ts", "status"], { env });
    expect(code).toBe(0);
    // A program's own URL does not stand against the one database that is named.
    expect((await execute(process.execPath, ["cli/migrate.ts", "status", "--engine", "mysql"], { env })).stderr).toBe(
      '✖ There is no engine "mysql". There are postgresql and mongodb.\n',
    );
  });

  test("says where Pulumi is missing, which alone knows the stack's databases", async () => {
    const env = { PATH: "/nowhere", DATABASE_URL: undefined };
    expect(await execute(process.execPath, ["cli/migrate.ts", "--engine", "postgresql"], { env })).toEqual({
      code: 1,
      stdout: "",
      stderr: "✖ Pulumi was not found. Set this clone up: ./setup-databases.sh\n",
    });
  });

  test.each([
    ["--json", "baseline"],
    ["baseline", "--json"],
  ])("tells in JSON what it does not understand: %s %s", async (...args) => {
    const { code, stdout, stderr } = await execute(process.execPath, ["cli/migrate.ts", ...args]);
    expect({ code, ...JSON.parse(stdout), stderr }).toEqual({
      code: 2,
      error: "Not understood: missing required argument 'migration'. See: npm run migrate -- --help",
      stderr: "",
    });
  });

  test("shows its help with exit code 0", async () => {
    const help = await execute(process.execPath, ["cli/migrate.ts", "--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(
      "Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 plan or drift found something",
    );
    expect(await execute(process.execPath, ["cli/newMigration.ts", "--help"])).toEqual({
      code: 0,
      stdout:
        "Makes the file of a new migration. It takes an engine and a name: npm run migration:new postgresql add_order_type\n",
      stderr: "",
    });
  });
});
