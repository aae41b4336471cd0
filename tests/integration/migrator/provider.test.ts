import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { askPostgres, docker, rootPassword, startMongo, startPostgres, type Server } from "../../support/databases.ts";
import { folder, refusal, write } from "../../support/migrations.ts";

// The dynamic resources on the real engine, in a program that has nothing else. The tests build upon each other.
jest.setTimeout(300_000);

const program = `
import { RandomPassword } from "@pulumi/random";
import { readFileSync } from "node:fs";
import * as schema from "./components/schema.ts";
import { listMigrations, listSeeds } from "./provider/files.ts";

const { postgres, mongo, rootPassword } = JSON.parse(readFileSync("servers.json", "utf8"));
const password = (name) => new RandomPassword(name, { length: 20, special: false }).result;
const passwords = { migrator: password("m"), user: password("u"), readonly: password("r"), replicator: password("p") };
const address = ({ host, port }) => ({ host, port });
const place = ({ container, containerId }) => ({ container, containerId });

const roles = new schema.PostgresRoles("roles", { ...place(postgres), database: "results", passwords });
const migrator = { ...address(postgres), database: "results", user: "trading_migrator", password: passwords.migrator };
const results = { connection: migrator, containerId: postgres.containerId };
const tables = new schema.PostgresMigrations(
  "tables",
  { ...results, directory: "sql", migrations: listMigrations("postgresql", "sql") },
  { dependsOn: roles },
);
const rows = new schema.PostgresSeeds(
  "rows",
  { ...results, directory: "rows", seeds: listSeeds("postgresql", "rows", ["default"]) },
  { dependsOn: tables },
);

const connection = { ...address(mongo), database: "configs", user: "admin", password: rootPassword };
const configs = { connection, containerId: mongo.containerId };
const serviceUser = { user: "service", password: password("s"), database: "configs" };
const users = new schema.MongoUsers("users", {
  ...configs, container: mongo.container, replicaSetMember: "mongodb:27017", serviceUser,
});
const collections = new schema.MongoMigrations(
  "collections",
  { ...configs, directory: "steps", migrations: listMigrations("mongodb", "steps") },
  { dependsOn: users },
);
const documents = new schema.MongoSeeds(
  "documents",
  { ...configs, directory: "documents", seeds: listSeeds("mongodb", "documents", ["default"]) },
  { dependsOn: collections },
);

export const versions = [tables.version, collections.version];
export const seeded = [rows.seeded, documents.seeded];
`;

const directory = folder({
  "index.ts": program,
  "package.json": '{ "type": "module" }',
  "Pulumi.yaml": "{ name: it-provider, runtime: { name: nodejs, options: { typescript: false } } }",
  "sql/0001_create_runs.sql": "CREATE TABLE runs (id int);",
  "rows/default/0001_runs.sql": "INSERT INTO runs VALUES (1);",
  "steps/0001_create_runs.ts": 'export default [{ create: "runs" }];',
  "documents/default/0001_runs.json": '{ "collection": "runs", "documents": [{ "_id": 1 }] }',
  "state/.keep": "",
});
let postgres: Server;
let mongo: Server;
let stack: Stack;

beforeAll(async () => {
  [postgres, mongo] = await Promise.all([startPostgres(), startMongo()]);
  const withId = async (server: Server) => ({
    ...server,
    containerId: await docker("inspect", "--format", "{{.Id}}", server.container),
  });
  write(directory, {
    "servers.json": JSON.stringify({ postgres: await withId(postgres), mongo: await withId(mongo), rootPassword }),
  });
  for (const room of ["components", "provider", "migrator", "node_modules"])
    symlinkSync(resolve(room), join(directory, room));
  const envVars = {
    PULUMI_BACKEND_URL: `file://${directory}/state`,
    PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
  };
  stack = await LocalWorkspace.createStack({ stackName: "it-provider", workDir: directory }, { envVars });
});
afterAll(async () => {
  await Promise.all([postgres?.remove(), mongo?.remove()]);
  rmSync(directory, { recursive: true, force: true });
});

const psql = (sql: string) => askPostgres(postgres, "results", sql);

test("a first preview, with passwords that are not known yet, names every file and changes nothing", async () => {
  const { stdout, changeSummary } = await stack.preview({ diff: true });
  expect(changeSummary).toEqual({ create: 12 });
  for (const file of [
    "0001_create_runs.sql",
    "default/0001_runs.sql",
    "0001_create_runs.ts",
    "default/0001_runs.json",
  ]) {
    expect(stdout).toContain(`name    : "${file}"`);
  }
  expect(stdout).not.toContain(rootPassword);
  expect(
    await docker(
      "exec",
      postgres.container,
      "psql",
      "-U",
      "postgres",
      "-Atc",
      "SELECT count(*) FROM pg_database WHERE datname = 'results'",
    ),
  ).toBe("0");
});

test("an update applies all, and neither a second one nor a refresh finds anything to do", async () => {
  const { outputs } = await stack.up();
  expect(outputs.versions?.value).toEqual(["0001_create_runs.sql", "0001_create_runs.ts"]);
  expect(outputs.seeded?.value).toEqual([["default/0001_runs.sql"], ["default/0001_runs.json"]]);
  expect(await psql("SELECT * FROM runs")).toBe("1");
  expect((await stack.preview({ expectNoChanges: true })).changeSummary).toEqual({ same: 12 });
  expect((await stack.up({ refresh: true, expectNoChanges: true })).summary.resourceChanges).toEqual({ same: 12 });
});

test("the state holds each password as a ciphertext alone", async () => {
  const state = readFileSync(join(directory, "state/.pulumi/stacks/it-provider/it-provider.json"), "utf8");
  expect(state.includes(rootPassword)).toBe(false);
  const dynamic = JSON.parse(state).checkpoint.latest.resources.filter(({ type }: { type: string }) =>
    type.includes("dynamic/tradingdb"),
  );
  expect(dynamic).toHaveLength(6);
  for (const { inputs, outputs } of dynamic) {
    for (const { connection, passwords, serviceUser } of [inputs, outputs]) {
      for (const secret of [connection?.password, serviceUser?.password, ...Object.values(passwords ?? {})].filter(
        Boolean,
      )) {
        expect(Object.keys(secret)).toContain("ciphertext");
      }
    }
  }
});

test("a file that is added is shown alone, and applied", async () => {
  write(directory, { "sql/0002_create_trades.sql": "CREATE TABLE trades (id int);" });
  const { stdout, changeSummary } = await stack.preview({ diff: true });
  expect(changeSummary).toEqual({ same: 11, update: 1 });
  expect(stdout).toMatch(/ {10}\+ \[1\]: \{\n +\+ checksum: "[0-9a-f]{64}"\n +\+ name +: "0002_create_trades\.sql"\n/);
  const { outputs } = await stack.up();
  expect(outputs.versions?.value).toEqual(["0002_create_trades.sql", "0001_create_runs.ts"]);
});

test("a file that fails is told whole, and the next update goes on from there", async () => {
  write(directory, { "sql/0003_create_fills.sql": "CREATE TABLE fills (id integr);" });
  expect(await refusal(stack.up())).toContain(
    '0003_create_fills.sql line 1: type "integr" does not exist; the last one applied is 0002_create_trades.sql, ' +
      "nothing of 0003_create_fills.sql was kept. Mend the file, and run `pulumi up` again.",
  );
  write(directory, { "sql/0003_create_fills.sql": "CREATE TABLE fills ();" });
  expect((await stack.up()).summary.resourceChanges).toEqual({ same: 11, update: 1 });
});

test("a file that was edited after it was applied is refused by the preview", async () => {
  write(directory, { "sql/0001_create_runs.sql": "CREATE TABLE runs (id bigint);" });
  expect(await refusal(stack.preview())).toContain(
    '0001_create_runs.sql was edited after it was applied: line 1 is now "CREATE TABLE runs (id bigint);". Bring its text ' +
      "back, and put the change into a new file.",
  );
  write(directory, { "sql/0001_create_runs.sql": "CREATE TABLE runs (id int);" });
});

test("what drifted is shown by a refresh, and mended by the next update", async () => {
  await psql(
    "DELETE FROM trading_ledger.migrations WHERE name LIKE '0003%'; DROP TABLE fills; ALTER ROLE trading_user PASSWORD 'x'",
  );
  const { stdout, changeSummary } = await stack.preview({ refresh: true, diff: true });
  expect(stdout).toContain('- name    : "0003_create_fills.sql"');
  expect(changeSummary).toEqual({ same: 10, update: 2 });
  await stack.up({ refresh: true });
  expect(await psql("SELECT to_regclass('fills')")).toBe("fills");
  await stack.preview({ refresh: true, expectNoChanges: true });
});

test("data that are gone from under the state are made again", async () => {
  await psql("SELECT 1");
  await docker("exec", postgres.container, "psql", "-U", "postgres", "-c", "DROP DATABASE results WITH (FORCE)");
  const { stdout } = await stack.up({ refresh: true });
  expect(stdout).toContain("results/migrations was not compared with the database: ");
  expect(await psql("SELECT * FROM runs")).toBe("1");
  await stack.preview({ refresh: true, expectNoChanges: true });
});

test("a database that is gone disturbs neither a refresh nor the destruction of the stack", async () => {
  await Promise.all([postgres.remove(), mongo.remove()]);
  const { stdout } = await stack.preview({ refresh: true, expectNoChanges: true });
  expect(stdout).toContain("configs/migrations was not compared with the database: MongoDB at 127.0.0.1:");
  expect((await stack.destroy()).summary.resourceChanges).toEqual({ delete: 12 });
});
