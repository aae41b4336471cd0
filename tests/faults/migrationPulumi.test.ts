import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../migrator/types.ts";
import { askPostgres, logs, startPostgres, type Server } from "../support/databases.ts";
import { refusal, until, write } from "../support/migrations.ts";
import { makeResultsProgram, type ResultsProgram } from "../support/resultsProgram.ts";
import { expectSettled } from "../support/settled.ts";
import { expectUnchanged, stateOf } from "../support/unchanged.ts";

// What can befall migrations that Pulumi runs. The tests build upon each other.
jest.setTimeout(180_000);

let results: ResultsProgram;
/** Another server, because whoever makes a database sets the roles' passwords. */
let calm: Server;
beforeAll(async () => {
  results = await makeResultsProgram({ "0001_create_runs.sql": "CREATE TABLE runs (id int);\n" });
  calm = await startPostgres();
  const ask = (sql: string) => () =>
    askPostgres(results.server, "postgres", sql).then(
      () => true,
      () => false,
    );
  // The server may be starting, and then ends once more before it stays.
  await until(ask("ALTER SYSTEM SET log_connections = on"), 60);
  await until(ask("SELECT pg_reload_conf()"), 60);
  await until(async () => (await ask("SELECT")()) && (await connections()) > 0, 60);
});
afterAll(async () => {
  await results?.remove();
  await calm?.remove();
});

/** How often anybody connected to the server, by its port or by its own socket. */
const connections = async () => (await logs(results.server.container)).split("connection received").length - 1;
const settled = async (connection?: Connection) =>
  expectSettled("postgresql", calm, connection ?? (await results.connection()), join(results.directory, "sql"));

const sleepers = () => results.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
const history = () => results.psql("SELECT string_agg(name, ' ' ORDER BY at) FROM trading_ledger.history");
const locks = () => results.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
// Long enough to be found in the middle on a machine that has other work.
const slow = (table: string) =>
  `CREATE TABLE ${table} (id int);\nSELECT pg_sleep(12);\nINSERT INTO ${table} VALUES (1);\n`;

test("F30: a first preview, before there is any value to connect with, says what each migration does, and connects to nothing", async () => {
  const before = await connections();
  const { stdout } = await results.stack.preview();
  expect(await connections()).toBe(before);
  expect(stdout).toMatch(
    /0001_create_runs\.sql \([0-9a-f]{12}, one transaction\)\n +line 1: creates table runs with 1 column\n/,
  );
  await results.stack.up();
  expect(await connections()).toBeGreaterThan(before);
  expect(await history()).toBe("0001_create_runs.sql");
  await settled();
});

test("F30: a preview in which the container will be another one says so, and connects to nothing", async () => {
  const file = join(results.directory, "server.json");
  const server = readFileSync(file, "utf8");
  write(results.directory, {
    "server.json": server.replace('"one"', '"two"'),
    "sql/0002_create_fills.sql": "CREATE TABLE fills (id int);\n",
  });
  const connection = await results.connection();
  const state = await stateOf("postgresql", connection);
  const before = await connections();
  const { stdout, changeSummary } = await results.stack.preview();
  expect(await connections()).toBe(before);
  expect(stdout).toContain("line 1: creates table fills with 1 column");
  expect(changeSummary).toMatchObject({ replace: 1, update: 2 });
  expect(await history()).toBe("0001_create_runs.sql");
  await expectUnchanged("postgresql", connection, state);
  await results.stack.up();
  expect(await history()).toBe("0001_create_runs.sql 0002_create_fills.sql");
  await settled();
});

test("F01: Pulumi killed in the middle of a migration leaves no lock, and the next update ends the work once", async () => {
  write(results.directory, { "sql/0003_create_slow.sql": slow("slow") });
  const up = results.up();
  await until(async () => (await sleepers()) === "1", 60);
  up.kill("SIGKILL");
  await once(up, "exit");
  await results.stack.cancel();
  await results.stack.up();
  expect(await history()).toBe("0001_create_runs.sql 0002_create_fills.sql 0003_create_slow.sql");
  expect(await results.psql("SELECT count(*) FROM slow")).toBe("1");
  expect(await locks()).toBe("0");
  await settled();
  await results.stack.preview({ refresh: true, expectNoChanges: true });
});

test("F04: the provider's process killed in the middle of a migration is told, and the next update ends the work once", async () => {
  write(results.directory, { "sql/0004_create_slower.sql": slow("slower") });
  const up = results.up();
  let said = "";
  for (const stream of [up.stdout!, up.stderr!]) stream.on("data", (data) => (said += data));
  await until(async () => (await sleepers()) === "1", 60);
  process.kill(results.providerProcess(), "SIGKILL");
  const [code] = await once(up, "close");
  expect(code).not.toBe(0);
  expect(said).toMatch(/tables.*\n?.*error: .*(EOF|connection|transport|provider)/i);
  await until(async () => (await locks()) === "0");
  await results.stack.up();
  expect(await results.psql("SELECT count(*) FROM slower")).toBe("1");
  expect(await history()).toMatch(/ 0004_create_slower\.sql$/);
  await settled();
  await results.stack.preview({ refresh: true, expectNoChanges: true });
});

test("what was changed by hand is shown object by object by a refresh, until it is taken back", async () => {
  await results.psql("ALTER TABLE runs ADD COLUMN note text");
  const sentence = "column public.runs.note is there, but no migration made it: text";
  expect((await results.stack.preview({ refresh: true, diff: true })).stdout).toMatch(
    new RegExp(`- drift +: \\[\n +- +\\[0\\]: "${sentence}"`),
  );
  await results.stack.up({ refresh: true });
  expect((await results.stack.preview({ refresh: true })).stdout).toContain(`results has drifted: ${sentence}`);
  await results.psql("ALTER TABLE runs DROP COLUMN note");
  await results.stack.up({ refresh: true });
  await results.stack.preview({ refresh: true, expectNoChanges: true });
});

test("a migration that loses data stops the preview, until the file says why", async () => {
  write(results.directory, { "sql/0005_drop_fills.sql": "DROP TABLE fills;\n" });
  expect(await refusal(results.stack.preview())).toContain(
    "If it is meant, state why in the file: -- migrate: allow drop-table: reason",
  );
  write(results.directory, {
    "sql/0005_drop_fills.sql": "-- migrate: allow drop-table: nobody filled it\nDROP TABLE fills;\n",
  });
  expect((await results.stack.up()).stdout).toContain("drop-table: allowed, because nobody filled it");
  expect(await results.psql("SELECT to_regclass('fills') IS NULL")).toBe("t");
});

test("F29: a state whose provider's text is of the release before is refreshed, updated and destroyed", async () => {
  const applied = await history();
  const connection = await results.connection();
  const exported = await results.stack.exportStack();
  const text = JSON.stringify(exported.deployment);
  const former = text.replaceAll(/load\(\)\.check\(\\+"\w+\\+", olds, news\)/g, "load().check(olds, news)");
  expect(former).not.toBe(text);
  await results.stack.importStack({ ...exported, deployment: JSON.parse(former) });
  await results.stack.refresh();
  await results.stack.up();
  expect(JSON.stringify((await results.stack.exportStack()).deployment)).not.toContain("load().check(olds, news)");
  await settled(connection);
  await results.stack.importStack({ ...exported, deployment: JSON.parse(former) });
  expect((await results.stack.destroy()).summary.resourceChanges).toEqual({ delete: 8 });
  // What Pulumi forgets stays in the database, which was not migrated again meanwhile.
  expect(await history()).toBe(applied);
  await settled(connection);
});
