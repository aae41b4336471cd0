import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { generateX25519Identity } from "age-encryption";
import { listMigrations } from "../../../migrator/files.ts";
import type { StackOutputs } from "../../../outputs.ts";
import { makeClone, type Clone } from "../../support/clone.ts";
import { faultsOf, heal } from "../../support/doctor.ts";

// `trading-db`, on a stack as users have it. By `npx` once: that alone takes as long again.
const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

let clone: Clone;
let outputs: StackOutputs;
const tradingDb = (line: string) => clone.login(`trading-db ${line}`);
const json = async (line: string) => JSON.parse((await tradingDb(`--json ${line}`)).stdout);

beforeAll(async () => {
  clone = makeClone({ backupKey: await generateX25519Identity() });
  expect(await clone.setUp()).toMatchObject({ code: 0 });
  outputs = await clone.outputs();
}, 4 * MINUTE);
afterAll(() => clone.remove());

describe("status", () => {
  test("shows both servers, their containers and migrations, and what was slow", async () => {
    await tradingDb('psql -c "SELECT pg_sleep(1.1)"');
    const version = (engine: "postgresql" | "mongodb") =>
      listMigrations(engine, `schema/${engine}/migrations`).at(-1)!.name;
    const server = { version: expect.any(String), size: expect.any(Number), replication: [] };
    expect(await json("status")).toMatchObject({
      stack: clone.stackName,
      healthy: true,
      containers: [
        { name: outputs.postgres.container, state: "running", health: "healthy" },
        { name: outputs.mongodb.container, state: "running", health: "healthy" },
      ],
      databases: {
        postgresql: {
          database: "trading_results",
          server: {
            ...server,
            slowQueries: expect.arrayContaining([expect.objectContaining({ query: "SELECT pg_sleep($1)" })]),
          },
          migrations: { version: version("postgresql"), pending: [], refusals: [] },
        },
        mongodb: {
          database: "trading_configs",
          server: { ...server, slowQueries: [] },
          migrations: { version: version("mongodb"), pending: [], refusals: [] },
        },
      },
      disk: { free: expect.any(Number), total: expect.any(Number) },
    });
    const { code, stdout, stderr } = await tradingDb("status");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Stack ${clone.stackName} is healthy.`);
    expect(stdout).toContain("│ SELECT pg_sleep($1) ");
  });

  test("ends with 1 and tells the reason where a server does not run, and still shows the other", async () => {
    const containers = [outputs.mongodb.container, outputs.postgres.container];
    expect(await json("stop")).toEqual({ stopped: containers.toReversed() });
    const answers = `docker exec ${outputs.postgres.container} pg_isready --quiet --host=127.0.0.1`;
    await clone.login(`docker start ${outputs.postgres.container}; until ${answers}; do sleep 0.2; done`);
    const { code, stdout, stderr } = await tradingDb("status");
    expect(code).toBe(1);
    expect(stdout).toContain(`Stack ${clone.stackName} is NOT healthy.`);
    expect(stdout).toContain("│ trading_configs │ does not answer │");
    expect(stderr).toMatch(/^✖ trading_configs: MongoDB at 127\.0\.0\.1:\d+ can't be reached: connect ECONNREFUSED/);
    expect(await json("start")).toEqual({ started: containers });
  });

  test("is shown again and again until it is stopped", async () => {
    // Ends by itself as soon as it was shown twice: how long that takes is the machine's affair.
    const { stdout } = await clone.login(
      `timeout --signal INT 60 npx trading-db status --watch --json | grep --max-count 2 '"healthy": true'`,
    );
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });
});

describe("the shells", () => {
  test("psql takes options and input, and hands over its exit code", async () => {
    expect(await tradingDb('psql -Atc "SELECT current_user"')).toEqual({
      code: 0,
      stdout: "trading_user\n",
      stderr: "",
    });
    expect(await clone.login("echo 'SELECT 1 + 1' | npx trading-db psql -At")).toMatchObject({
      code: 0,
      stdout: "2\n",
    });
    expect(await tradingDb('psql -c "SELECT nothing"')).toMatchObject({ code: 1 });
    const asJson = await tradingDb('--json psql -Atc "SELECT 1 + 1"');
    expect(JSON.parse(asJson.stdout)).toEqual({ exitCode: 0, stdout: "2\n", stderr: "" });
  });

  test("mongosh is logged in, and no process shows the password", async () => {
    const who = "db.runCommand({ connectionStatus: 1 }).authInfo.authenticatedUsers[0].user";
    expect(await tradingDb(`mongosh --eval "${who}"`)).toEqual({ code: 0, stdout: "admin\n", stderr: "" });
    expect(await json(`mongosh --eval "${who}"`)).toEqual({ exitCode: 0, stdout: "admin\n", stderr: "" });
    const shown = await tradingDb('mongosh --eval "sleep(4000)" & sleep 3; ps -ef; wait');
    expect(shown.stdout).toContain("mongosh");
    expect(shown.stdout).not.toContain(outputs.mongodb.adminPassword);
  });
});

describe("logs", () => {
  test("takes options of ours and of Docker on either side of the service", async () => {
    const { stackName } = clone;
    for (const line of [
      `--tail 1 --json mongodb --stack ${stackName}`,
      `mongodb --stack ${stackName} -n 1 --json --until 2100-01-01T00:00:00Z`,
      `--since 2020-01-01T00:00:00Z -s ${stackName} mongodb --json --tail=1`,
    ]) {
      const { code, stdout, stderr } = await tradingDb(`logs ${line}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { text, ...told } = JSON.parse(stdout);
      expect(told).toEqual({ service: "mongodb", time: expect.stringMatching(/^20\S+Z$/) });
      expect(JSON.parse(text)).toHaveProperty("t");
    }
    expect(await tradingDb("logs mongodb --stack nowhere")).toMatchObject({
      code: 1,
      stderr: "✖ There is no stack nowhere here. Set it up: ./setup-databases.sh --stack nowhere\n",
    });
  });

  test("follows what is being written until Ctrl-C, and hands over its exit code", async () => {
    // A job of its own gets the signal as all do that are in the foreground of a terminal.
    const follow = `
      set -m
      trading-db logs postgres -f --tail 0 >followed 2>&1 &
      until grep --quiet 'column "followed"' followed; do trading-db psql -c "SELECT followed" 2>/dev/null; done
      kill -INT -- -$!
      wait $!`;
    expect((await clone.login(follow)).code).toBe(130);
  });
});

test("env gives a service what it needs, in each form", async () => {
  expect(await json("env")).toEqual(outputs.environment);
  expect((await tradingDb("env")).stdout).toContain(`POSTGRES_PASSWORD=${outputs.postgres.password}\n`);
  expect(await clone.login('eval "$(npx trading-db env --format export)"; echo "$MONGODB_PASSWORD"')).toMatchObject({
    stdout: `${outputs.mongodb.password}\n`,
  });
});

test("restart stops and starts both servers", async () => {
  const before = (await json("status")).databases.postgresql.server.since;
  expect(await json("restart")).toEqual({ restarted: [outputs.mongodb.container, outputs.postgres.container] });
  expect((await json("status")).databases.postgresql.server.since > before).toBe(true);
});

test("doctor names a server that was killed, and the command below it brings it back", async () => {
  const { postgres } = clone.names.containers;
  await clone.login(`docker kill ${postgres}`);
  const faults = await faultsOf(clone);
  expect(faults.map(({ name }) => name)).toEqual([`container ${postgres}`]);
  await heal(clone, faults);
});

test("credentials gives one user a new password, and tells who is concerned", async () => {
  const rotated = [
    { name: "trading_readonly", server: "PostgreSQL", user: "trading_readonly", use: "who reads alone" },
  ];
  expect(await json("credentials --rotate trading_readonly")).toEqual({ rotated, environment: [], failed: [] });
  const now = await clone.outputs();
  expect(now.postgres.passwords.trading_readonly).not.toBe(outputs.postgres.passwords.trading_readonly);
  expect(now.postgres.password).toBe(outputs.postgres.password);
});

test("what programs ask is answered in JSON by each command", async () => {
  const { checks } = await json("verify");
  expect(checks.length).toBeGreaterThan(10);
  for (const check of checks)
    expect(check).toEqual({ name: expect.any(String), problem: null, seconds: expect.any(Number) });
  expect(await json("invariants")).toEqual({ checks: [], crossStore: [] });
  expect(await json("activity")).toMatchObject({ sessions: [], mongodb: { connections: {} } });
  const backup = await json("backup");
  expect(backup).toEqual({ backup: expect.stringMatching(/^backups\//), bytes: expect.any(Number) });
  const [, , name] = backup.backup.split("/");
  expect(await json("backups")).toMatchObject({
    backups: [{ name, state: "unproven", kept: false, manifest: { encrypted: true } }],
  });
  expect(await json(`backups --keep ${name}`)).toMatchObject({ backups: [{ name, kept: true }] });
  expect(await json(`backups --release ${name}`)).toMatchObject({ backups: [{ name, kept: false }] });
  const found = (await json("doctor")).checks;
  expect(found.length).toBeGreaterThan(30);
  for (const check of found) expect(check).toEqual({ name: expect.any(String), problem: null, cure: null });
});

test("a restore is refused where nobody can be asked, and where another name is typed", async () => {
  const since = async () => (await json("status")).databases.postgresql.server.since;
  const before = await since();
  expect(await tradingDb("restore")).toEqual({
    code: 1,
    stdout: "",
    stderr: "✖ There is no terminal to ask on. Say that you mean it: --yes\n",
  });
  const typed = await clone.login(`echo dev | script --quiet --return --command "trading-db restore" /dev/null`);
  expect(typed.code).toBe(1);
  expect(typed.stdout).toContain(
    `This puts both databases of stack ${clone.stackName} back; what is there now is put aside.\r\nType the stack's name to go on: `,
  );
  expect(typed.stdout).toContain(
    `✖ "dev" is not the name of this stack (${clone.stackName}). Nothing was changed.\r\n`,
  );
  // Ctrl-D and Ctrl-C, once the question is there.
  const pressed = (key: string) =>
    clone.login(
      `rm -f typed; (until grep --quiet "to go on:" typed; do sleep 0.2; done; printf '${key}') 2>/dev/null |
        script --quiet --return --flush --command "trading-db restore" typed`,
    );
  const ended = await pressed("\\004");
  expect(ended.stdout).toContain("✖ There was no answer. Nothing was changed.\r\n");
  expect(ended.code).toBe(1);
  const interrupted = await pressed("\\003");
  expect(interrupted.code).toBe(130);
  expect(await tradingDb("restore 2026-11-28T14-03-22-000Z --mongodump dump --yes")).toEqual({
    code: 1,
    stdout: "",
    stderr: "✖ dump is no part of the backup 2026-11-28T14-03-22-000Z. Name one of them.\n",
  });
  expect(await since()).toBe(before);
});

test("shells complete commands, options and their values", async () => {
  expect(await clone.login("bash -n <(trading-db completion bash)")).toEqual({ code: 0, stdout: "", stderr: "" });
  const completed = async (line: string) => {
    const { stdout } = await clone.login(`trading-db complete -- ${line}`);
    return stdout
      .trim()
      .split("\n")
      .map((entry) => entry.split("\t")[0]);
  };
  // The last line tells the shell not to add names of files.
  expect(await completed("sta")).toEqual(["status", "start", ":4"]);
  expect(await completed("env --format ''")).toEqual(["dotenv", "export", "json", ":4"]);
  expect(await completed("--")).toEqual(["--stack", "--json", "--version", "--help", ":4"]);
  expect(await completed("status --")).toEqual(["--stack", "--json", "--watch", "--help", ":4"]);
});

describe("what is not understood", () => {
  test.each([
    [
      "stauts",
      'There is no command "stauts". There are status, verify, doctor, start, stop, restart, logs, psql, mongosh, env, credentials, activity, invariants, backup, backups, restore, clone, reset, recover-mongodb and completion.',
    ],
    ["status --color", "Not understood: unknown option '--color'. See: npx trading-db --help"],
    [
      "env --format yaml",
      "Not understood: option '-f, --format <format>' argument 'yaml' is invalid. Allowed choices are dotenv, export, json. See: npx trading-db --help",
    ],
  ])("is refused with exit code 2: %s", async (line, message) => {
    expect(await tradingDb(line)).toEqual({ code: 2, stdout: "", stderr: `✖ ${message}\n` });
  });

  test("and a stack that is not there are told as JSON, too", async () => {
    expect(await tradingDb("status --stack nowhere --json")).toEqual({
      code: 1,
      stdout: `${JSON.stringify({ error: "There is no stack nowhere here. Set it up: ./setup-databases.sh --stack nowhere" }, null, 2)}\n`,
      stderr: "",
    });
  });
});
