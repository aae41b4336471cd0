import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { MongoClient } from "mongodb";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { writerOf } from "../../naming.ts";
import { verify } from "../../operations/verify.ts";
import type { StackOutputs } from "../../outputs.ts";
import { fingerprint } from "../support/fingerprint.ts";
import { killIn } from "../support/processes.ts";
import { docker, execute, makeProject, type Project } from "../support/project.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// F27: passwords that differ between a server and the stack's state. One stack for all, and each test ends with a whole one.
const MINUTES = 60_000;
jest.setTimeout(8 * MINUTES);

let project: Project;
let sessions: Sessions;
/** What has to be the same at the end. */
let unchanged: Awaited<ReturnType<typeof constants>>;

/** What a command says first that finds a state half written. */
const TAKEN = "… taking Pulumi's copy of the state, which a run that was killed left half written\n";

const NAMES = [
  ...["trading_migrator", "trading_user", "trading_readonly", "trading_replicator"],
  ...["mongodb-admin", "mongodb-service", "pgadmin", "mongo-express"],
];

beforeAll(async () => {
  project = await makeProject({ adminTools: "true", mongodbServiceUser: "trading_service", sampleData: "true" });
  await project.stack.up();
  unchanged = await constants();
  sessions = await openSessions(await project.outputs());
}, 6 * MINUTES);

afterAll(async () => {
  await sessions?.close();
  await project?.remove();
}, 2 * MINUTES);

const commandLine = (args: string[]) => ["cli/main.ts", "--stack", project.stackName, ...args];
const place = () => ({ cwd: project.folder, env: { ...process.env, ...project.stack.workspace.envVars } });
/** Runs `trading-db` on the stack. */
const tradingDb = (...args: string[]) => execute(process.execPath, commandLine(args), place());

/** Each password by its name. */
function passwords({ postgres, mongodb, adminTools }: StackOutputs): Record<string, string> {
  return {
    ...postgres.passwords,
    "mongodb-admin": mongodb.adminPassword,
    "mongodb-service": mongodb.password,
    pgadmin: adminTools!.pgadmin.password,
    "mongo-express": adminTools!.mongoExpress.password,
  };
}

/** The names of those passwords that are others now, in alphabetical order. */
function renewed(before: StackOutputs, after: StackOutputs): string[] {
  const [old, found] = [passwords(before), passwords(after)];
  return Object.keys(found)
    .filter((name) => found[name] !== old[name])
    .sort();
}

/** The servers' runs, the key of MongoDB's set, and all data. */
async function constants() {
  const { postgres, mongodb } = project.names.containers;
  return {
    servers: await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}", postgres, mongodb),
    keyFile: await docker("exec", mongodb, "sha256sum", "/data/configdb/keyfile"),
    data: await fingerprint(await project.outputs()),
  };
}

interface Sessions {
  /** Expects that both work as before: the same sessions, on the same connections. */
  expectAlive(): Promise<void>;
  close(): Promise<void>;
}

/** A session of each database that works all the time, each on one connection. */
async function openSessions({ postgres, mongodb }: StackOutputs): Promise<Sessions> {
  const results = new pg.Client({
    ...{ ...postgres.fromHost, database: postgres.database },
    ...{ user: postgres.user, password: postgres.password },
  });
  await results.connect();
  const configs = await loggedIn(mongodb, "admin", mongodb.adminPassword);
  const failures: string[] = [];
  results.on("error", ({ message }) => failures.push(message));
  const identity = async () => ({
    postgres: (await results.query("SELECT pg_backend_pid() AS pid, count(*) > 0 AS reads FROM simulation_runs")).rows,
    mongodb: (await configs.db("admin").command({ hello: 1 }))["connectionId"] as number,
    reads: (await configs.db("trading_configs").collection("simulation_configs").countDocuments()) > 0,
  });
  const first = await identity();
  let isOpen = true;
  const work = (async () => {
    while (isOpen) {
      await identity().catch(({ message }: Error) => failures.push(message));
      await sleep(50);
    }
  })();
  return {
    async expectAlive() {
      expect(failures).toEqual([]);
      expect(await identity()).toEqual(first);
    },
    async close() {
      isOpen = false;
      await work;
      await Promise.all([results.end(), configs.close()]);
    },
  };
}

/** One connection to MongoDB. */
function loggedIn({ fromHost }: StackOutputs["mongodb"], username: string, password: string): Promise<MongoClient> {
  const options = { auth: { username, password }, directConnection: true, maxPoolSize: 1 };
  return new MongoClient(`mongodb://${fromHost.host}:${fromHost.port}/`, options).connect();
}

/** Whether each server takes a user's password. */
const accepts = {
  async postgres({ postgres }: StackOutputs, user: string, password: string): Promise<boolean> {
    const client = new pg.Client({ ...postgres.fromHost, database: "postgres", user, password });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch (error) {
      // It was let in, but may not connect to this database.
      if ((error as { code?: string }).code === "42501") return true;
      expect(error).toMatchObject({ code: "28P01" });
      return false;
    }
  },
  async mongodb({ mongodb }: StackOutputs, user: string, password: string): Promise<boolean> {
    try {
      await (await loggedIn(mongodb, user, password)).close();
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 18 });
      return false;
    }
  },
};

/** Those of the databases' passwords that their servers take. */
async function accepted(outputs: StackOutputs): Promise<string[]> {
  const found = passwords(outputs);
  const tries: [name: string, answer: Promise<boolean>][] = [
    ...Object.entries(outputs.postgres.passwords).map(([role, password]): [string, Promise<boolean>] => [
      role,
      accepts.postgres(outputs, role, password),
    ]),
    ["mongodb-admin", accepts.mongodb(outputs, "admin", found["mongodb-admin"]!)],
    ["mongodb-service", accepts.mongodb(outputs, "trading_service", found["mongodb-service"]!)],
  ];
  const answers = await Promise.all(tries.map(async ([name, answer]) => ((await answer) ? [name] : [])));
  return answers.flat().sort();
}

/** Expects that servers and state agree, that nothing is left of a run, and that nobody has noticed. */
async function expectWhole(): Promise<StackOutputs> {
  const outputs = await project.outputs();
  expect((await verify(outputs)).filter(({ problem }) => problem !== undefined)).toEqual([]);
  const shell = "db.runCommand({ connectionStatus: 1 }).authInfo.authenticatedUsers[0].user";
  expect(await tradingDb("mongosh", "--eval", shell)).toEqual({ code: 0, stdout: "admin\n", stderr: "" });
  await project.stack.preview({ refresh: true, expectNoChanges: true });
  const locks = join(project.folder, ".trading-db/state/.pulumi/locks");
  expect((await execute("find", [locks, "-name", "*.json"])).stdout).toBe("");
  expect(await constants()).toEqual(unchanged);
  await sessions.expectAlive();
  return outputs;
}

test("who logs in where is shown, without a password", async () => {
  const outputs = await project.outputs();
  const { code, stdout, stderr } = await tradingDb("credentials");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const password of Object.values(passwords(outputs))) expect(stdout.includes(password)).toBe(false);
  expect(stdout).toMatch(/│ mongodb-service +│ MongoDB +│ trading_service +│ trading services +│\n/);
  expect(stdout).toContain(
    "Their passwords:  pulumi stack output --show-secrets, or for trading services: npx trading-db env\n" +
      "New passwords:    npx trading-db credentials --rotate, for all or for those that are named behind it\n",
  );
  const { credentials } = JSON.parse((await tradingDb("credentials", "--json")).stdout);
  expect(credentials).toHaveLength(NAMES.length);
  expect(credentials[4]).toEqual({
    name: "mongodb-admin",
    server: "MongoDB",
    user: "admin",
    use: "migrations, backups, Mongo Express",
  });
});

test("a rotation makes all passwords new while sessions of both databases work on, and starts no server anew", async () => {
  const before = await project.outputs();
  const { code, stdout, stderr } = await tradingDb("credentials", "--rotate", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    rotated: NAMES.map((name) => expect.objectContaining({ name })),
    environment: ["MONGODB_PASSWORD", "POSTGRES_PASSWORD"],
    failed: [],
  });
  const after = await expectWhole();
  expect(renewed(before, after)).toEqual([...NAMES].sort());
  expect(await accepted(before)).toEqual([]);
  expect(await accepted(after)).toEqual(NAMES.slice(0, 6).sort());
  for (const password of Object.values(passwords(after))) expect(stdout.includes(password)).toBe(false);
});

test("a rotation of one says what it does, and touches nobody else", async () => {
  const before = await project.outputs();
  const { code, stdout, stderr } = await tradingDb("credentials", "--rotate", "trading_readonly");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    new RegExp(
      "^… comparing the stack with what runs\n" +
        "… making a new password\n" +
        "PostgreSQL answers; 1 change to roles and users \\(\\d+\\.\\d s\\)\n" +
        "… trying them\n" +
        "[^\n]+\n.*trading_readonly +│ PostgreSQL +│ trading_readonly +│ who reads alone +│\n[^\n]+\n" +
        "✔ This password is new, in server and state\\. Connections that are open stay\\.\n" +
        "Trading services go on with what they have\\.\n$",
      "s",
    ),
  );
  expect(renewed(before, await expectWhole())).toEqual(["trading_readonly"]);
});

test("a rotation of somebody who is not there is refused, and nothing is changed", async () => {
  const before = await project.outputs();
  expect(await tradingDb("credentials", "--rotate", "trading_user", "admin")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      '✖ There is no credential "admin" in this stack. There are trading_migrator, trading_user, trading_readonly, ' +
      "trading_replicator, mongodb-admin, mongodb-service, pgadmin and mongo-express. No password was changed.\n",
  });
  expect(renewed(before, await expectWhole())).toEqual([]);
});

describe("a rotation that is killed", () => {
  let before: StackOutputs;
  const idOf = (container: string) =>
    docker("inspect", "--format", "{{.Id}}", container).catch(() => "being made anew");

  /** Starts a rotation, and kills all of it as soon as something looks otherwise. */
  async function killedWhen(look: () => Promise<string | boolean>, names: string[]): Promise<void> {
    before = await project.outputs();
    const was = await look();
    const child = spawn(process.execPath, commandLine(["credentials", "--rotate", ...names]), {
      ...place(),
      stdio: "ignore",
    });
    const exit = once(child, "exit");
    while ((await look()) === was) {
      if (child.exitCode !== null) throw new Error("The rotation ended before it was killed.");
      await sleep(10);
    }
    killIn(project.folder);
    await exit;
  }

  const rerun = async (names: string[]) => {
    const { code, stdout, stderr } = await tradingDb("credentials", "--rotate", ...names, "--json");
    const { error } = JSON.parse(stdout) as { error?: string };
    expect({ code, error, stderr: stderr.replace(TAKEN, "") }).toEqual({ code: 0, stderr: "" });
  };
  const up = async () => {
    // Any command of ours takes the copy of a state that was left half written; Pulumi's own don't.
    await tradingDb("status");
    await project.stack.cancel();
    await project.stack.up({ refresh: true });
  };

  const writer = () => idOf(writerOf(project.names.containers.mongodb));
  const postgres = () => accepts.postgres(before, "trading_user", before.postgres.password);
  const mongodb = () => accepts.mongodb(before, "admin", before.mongodb.adminPassword);
  const mongoExpress = () => idOf(project.names.containers.mongoExpress);
  // PgAdmin takes long to start.
  const most = NAMES.filter((name) => name !== "pgadmin");
  const [user, admin] = [["trading_user"], ["mongodb-admin"]];

  test.each([
    ["when MongoDB's file of its password goes", "the same command", writer, most, rerun],
    ["when PostgreSQL takes the new passwords", "the same command", postgres, most, rerun],
    ["when PostgreSQL takes one new password", "pulumi up", postgres, user, up],
    ["when MongoDB's root user gets the new password", "the same command", mongodb, most, rerun],
    ["when MongoDB's root user alone gets a new password", "pulumi up", mongodb, admin, up],
    ["when Mongo Express goes", "the same command", mongoExpress, most, rerun],
  ])("%s is ended by %s", async (_when, _again, look, names, heal) => {
    await killedWhen(look, names);
    await heal(names);
    expect(renewed(before, await expectWhole())).toEqual([...names].sort());
    expect((await accepted(before)).filter((name) => names.includes(name))).toEqual([]);
  });
});

describe("a password that was changed in the server, and not in the state,", () => {
  test.each(["trading_user", "trading_replicator"])("is the state's again after an update: %s", async (role) => {
    const outputs = await project.outputs();
    await sqlAsSuperuser(outputs, "postgres", `ALTER ROLE ${role} PASSWORD 'of somebody else'`);
    expect(await accepts.postgres(outputs, role, outputs.postgres.passwords[role as "trading_user"])).toBe(false);
    await project.stack.up({ refresh: true });
    expect(renewed(outputs, await expectWhole())).toEqual([]);
  });

  const asAdmin = async (outputs: StackOutputs, command: object) => {
    const client = await loggedIn(outputs.mongodb, "admin", outputs.mongodb.adminPassword);
    await client
      .db("admin")
      .command(command as { updateUser: string })
      .finally(() => client.close());
  };

  test("is the state's again after an update: MongoDB's user for services", async () => {
    const outputs = await project.outputs();
    await asAdmin(outputs, { updateUser: "trading_service", pwd: "of somebody else" });
    expect(await accepts.mongodb(outputs, "trading_service", outputs.mongodb.password)).toBe(false);
    await project.stack.up({ refresh: true });
    expect(renewed(outputs, await expectWhole())).toEqual([]);
  });

  // The last one: to set root's password, the server has to be stopped.
  test("is told where it is that of MongoDB's root user, and no password is renewed until it was recovered", async () => {
    const before = await project.outputs();
    await asAdmin(before, { updateUser: "admin", pwd: "of somebody else" });
    const { host, port } = before.mongodb.fromHost;
    expect(await tradingDb("credentials", "--rotate")).toEqual({
      code: 1,
      stdout: "… comparing the stack with what runs\n",
      stderr:
        `✖ MongoDB at ${host}:${port} refuses the password of admin. Somebody changed it, its volume was made with another ` +
        "one, or its first start was killed before the user was made. `npm run recover:mongodb` sets the password that " +
        "this stack has; no data are lost.\n",
    });
    expect(renewed(before, await project.outputs())).toEqual([]);

    await sessions.close();
    expect(await tradingDb("recover-mongodb", "--json")).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ recovered: project.stackName }, null, 2)}\n`,
      stderr: "",
    });
    expect(await tradingDb("credentials", "--rotate", "--json")).toMatchObject({ code: 0, stderr: "" });
    unchanged = await constants();
    sessions = await openSessions(await project.outputs());
    expect(renewed(before, await expectWhole())).toEqual([...NAMES].sort());
  });
});
