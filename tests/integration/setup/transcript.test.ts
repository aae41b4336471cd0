import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listMigrations } from "../../../migrator/files.ts";
import { makeClone, type Clone } from "../../support/clone.ts";
import { execute, type Ended } from "../../support/project.ts";

/* What a new user does: clone, one command, a new shell; then a second clone beside the first. */

jest.setTimeout(240_000);

let clone: Clone;
let second: Clone;
let first: Ended;

/** Makes the copy a git repository in which everything is committed, the file of its own stack included. */
async function commitAll({ folder, stackName }: Clone): Promise<void> {
  const author = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"];
  const steps = [
    ["init", "--quiet"],
    ["add", "."],
    ["add", "--force", `Pulumi.${stackName}.yaml`],
    [...author, "commit", "--quiet", "--message", "All"],
  ];
  for (const args of steps) {
    expect(await execute("git", args, { cwd: folder })).toMatchObject({ code: 0 });
  }
}

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  await commitAll(clone);
  first = await clone.setUp();
}, 240_000);

afterAll(() => {
  clone.remove();
  second?.remove();
});

test("one command ends with a table of both databases and the line for a new shell", () => {
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain("Verify: 15 checks hold");
  for (const name of [clone.names.containers.postgres, clone.names.containers.mongodb]) {
    expect(first.stdout).toMatch(
      new RegExp(
        `│ trading_\\w+ +│ 127\\.0\\.0\\.1:\\d+ +│ \\w+ +│ ${name} +│ running, (healthy|starting) +│ \\d{4} +│`,
      ),
    );
  }
  expect(first.stdout).toContain(`source ${join(clone.folder, ".trading-db", "env")}`);
});

test("without a terminal it writes no escape codes", () => {
  expect(first.stdout + first.stderr).not.toMatch(/\u001b/);
});

test("a new login shell with that line alone sees no changes", async () => {
  const { code, stdout } = await clone.login("pulumi preview --expect-no-changes --non-interactive");
  expect(stdout).toMatch(/Resources:\s+\d+ unchanged/);
  expect(code).toBe(0);
});

test("git sees nothing of it, though Pulumi has written its salt into the stack's file", async () => {
  expect(readFileSync(join(clone.folder, `Pulumi.${clone.stackName}.yaml`), "utf8")).toContain("encryptionsalt:");
  expect((await execute("git", ["status", "--porcelain"], { cwd: clone.folder })).stdout).toBe("");
});

test("a second run changes nothing", async () => {
  const again = await clone.setUp();
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.stdout).not.toMatch(/created|updated|replaced|deleted/);
});

test("the invariants of the seeded data hold", async () => {
  expect(await clone.login("npm run --silent invariants")).toEqual({
    code: 0,
    stdout: "✔ the invariants of both databases, and those between them, hold\n",
    stderr: "",
  });
});

test("a second clone with a stack of its own runs beside the first, installs and builds nothing, and neither sees the other's passwords", async () => {
  second = makeClone();
  const beside = await second.setUp(["--no-install", "--admin-tools"]);
  expect(beside).toMatchObject({ code: 0, stderr: "" });
  expect(beside.stdout).toContain("Verify: 17 checks hold");
  const { pgadmin, mongoExpress } = (await second.outputs()).adminTools!;
  for (const { container, url, user } of [pgadmin, mongoExpress])
    expect(beside.stdout).toContain(`\n${container}: ${url}, user ${user}\n`);
  const [one, two] = [await clone.outputs(), await second.outputs()];
  expect(one.postgres.fromHost.port).not.toBe(two.postgres.fromHost.port);
  expect(one.postgres.password).not.toBe(two.postgres.password);
  expect(one.installation).not.toBe(two.installation);
  expect((await clone.setUp()).stdout).not.toMatch(/created|updated|replaced|deleted/);
});

test("a command in the second clone acts on its own stack, also in a shell that has sourced the first one's file", async () => {
  const { code, stdout } = await clone.login(`cd ${second.folder} && npm run --silent status`);
  expect(code).toBe(0);
  expect(stdout).toContain(` ${second.names.containers.postgres} `);
  expect(stdout).not.toContain(` ${clone.names.containers.postgres} `);
});

test("admin tools that are switched off go, and what PgAdmin's users kept in it stays", async () => {
  const off = "pulumi config set adminTools false && pulumi up --yes --skip-preview --non-interactive";
  expect(await second.login(off)).toMatchObject({ code: 0 });
  const left = (await second.remains()).filter((thing) => /pgadmin|mongo[-_]express/.test(thing));
  expect(left).toEqual([`volume ${second.names.volumes.pgadminData}`]);
});

describe("the npm scripts", () => {
  const npm = (line: string) => clone.login(`npm run --silent ${line}`);

  test("verify tells each check with its time", async () => {
    const { code, stdout } = await npm("verify");
    expect(code).toBe(0);
    const [end, ...lines] = stdout.trim().split("\n").reverse();
    expect(end).toBe(`✔ ${lines.length} checks hold`);
    for (const line of lines) expect(line).toMatch(/^✔ .+ \(\d+\.\d\d s\)$/);
    expect(first.stdout).toContain(`Verify: ${lines.length} checks hold`);
  });

  test("migrate works on the databases of the stack", async () => {
    const last = (engine: "postgresql" | "mongodb") =>
      listMigrations(engine, `schema/${engine}/migrations`).at(-1)!.name;
    for (const [engine, database] of [
      ["postgresql", "trading_results"],
      ["mongodb", "trading_configs"],
    ] as const) {
      expect(await npm(`migrate -- --engine ${engine} plan`)).toEqual({
        code: 0,
        stdout: `✔ nothing is pending in ${database}\n`,
        stderr: "",
      });
      expect(await npm(`migrate -- --engine ${engine} drift`)).toMatchObject({ code: 0, stderr: "" });
      expect(await npm(`migrate -- --engine ${engine} repair ${last(engine)}`)).toEqual({
        code: 0,
        stdout: "✔ nothing was to be repaired\n",
        stderr: "",
      });
    }
  });

  test("logs shows what a server wrote, and refuses other names", async () => {
    const { code, stdout, stderr } = await npm("logs mongodb -- --tail 1");
    expect(code).toBe(0);
    expect(stdout + stderr).toMatch(/^\{"t":.*\}\n$/);
    expect(await npm("logs redis")).toEqual({
      code: 1,
      stdout: "",
      stderr: '✖ There is no log of "redis". Choose one of postgres, mongodb.\n',
    });
  });

  test("activity shows what both servers do", async () => {
    const { code, stdout } = await npm("activity");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^PostgreSQL has no session but this one\.\nMongoDB uptimeSeconds: \d+\nMongoDB connections: \{"current":\d+,"available":\d+\}\n/,
    );
  });

  test("backup names the folder that has both dumps", async () => {
    const { code, stdout } = await npm("backup");
    expect(code).toBe(0);
    const [, folder] = /\n✔ both databases are in (backups\/\S+) \([0-9.]+ MiB\)\n$/.exec(stdout)!;
    expect(readdirSync(join(clone.folder, folder!)).sort()).toEqual([
      "manifest.json",
      "mongodb.archive.zst",
      "postgresql-base.tar.zst",
      "postgresql-roles.sql.zst",
      "postgresql.dump.zst",
    ]);
    expect((await execute("git", ["status", "--porcelain"], { cwd: clone.folder })).stdout).toBe("");
  });

  test("stop, status and start say what became of each container", async () => {
    const { postgres, mongodb } = clone.names.containers;
    expect(await npm("stop")).toEqual({
      code: 0,
      stdout: `✔ ${postgres} is stopped; its data stay\n✔ ${mongodb} is stopped; its data stay\n`,
      stderr: "",
    });
    const stopped = await npm("status");
    expect(stopped.code).toBe(1);
    expect(stopped.stdout).toMatch(new RegExp(`${postgres} +│ exited +│ none`));
    expect(await npm("start")).toEqual({
      code: 0,
      stdout: `✔ ${mongodb} is healthy\n✔ ${postgres} is healthy\n`,
      stderr: "",
    });
  });
});
