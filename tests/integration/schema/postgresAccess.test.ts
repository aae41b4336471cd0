import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type pg from "pg";
import { postgresDatabase, type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import { docker } from "../../support/schemaServers.ts";
import { queryFiles } from "../../support/tradingQueries.ts";
import { completedRun, equityPoint, insert, openTrade, position, undone } from "../../support/tradingRows.ts";

jest.setTimeout(300_000);

const tables = ["equity_points", "positions", "simulation_runs", "trades"];

let server: TradingPostgres;
let owner: pg.Client;
let user: pg.Client;
let reader: pg.Client;

beforeAll(async () => {
  server = await startTradingPostgres("dev");
  owner = await server.connect("trading_migrator");
  user = await server.connect("trading_user");
  reader = await server.connect("trading_readonly");
});
afterAll(() => server?.remove());

/** psql in the container, as the README's commands run it; `text` is its standard input. */
function psql(args: string[], text: string): Promise<string> {
  const command = ["exec", "-i", server.container, "psql", "-U", "trading_user", "-v", "ON_ERROR_STOP=1", ...args];
  return new Promise((resolve, reject) => {
    const child = spawn("docker", command);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(errors))));
    child.stdin.end(text);
  });
}

test("trading_user sees exactly the four tables", async () => {
  const list = await psql(["-d", postgresDatabase, "-At", "-c", "\\dt"], "");
  expect(list.trim().split("\n")).toEqual([
    "public|equity_points|partitioned table|trading_owner",
    "public|positions|partitioned table|trading_owner",
    "public|simulation_runs|table|trading_owner",
    "public|trades|partitioned table|trading_owner",
  ]);
});

describe("every table, column, view, domain and function says what it is:", () => {
  test.each([
    [
      "tables and views",
      "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace AND obj_description(oid, 'pg_class') IS NULL",
    ],
    [
      "columns of tables",
      `
      SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
        AND col_description(attrelid, attnum) IS NULL`,
    ],
    [
      "domains",
      "SELECT typname FROM pg_type WHERE typtype = 'd' AND typnamespace = 'public'::regnamespace AND obj_description(oid, 'pg_type') IS NULL",
    ],
    [
      "functions",
      "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL",
    ],
  ])("%s", async (_, undocumented) => {
    expect((await owner.query(undocumented)).rows).toEqual([]);
  });
});

describe("trading_user", () => {
  test("writes rows of a run and takes them back", async () => {
    await undone(user, async () => {
      const runId = String((await insert(user, "simulation_runs", completedRun())).run_id);
      await insert(user, "trades", openTrade(runId));
      await insert(user, "positions", position(runId));
      await insert(user, "equity_points", equityPoint(runId));
      await user.query("UPDATE trades SET entry_tag = 'mended' WHERE run_id = $1", [runId]);
      await user.query("UPDATE positions SET venue = 'XNYS' WHERE run_id = $1", [runId]);
      await user.query("UPDATE equity_points SET cash = 1 WHERE run_id = $1", [runId]);
      await user.query("UPDATE simulation_runs SET description = 'mended' WHERE run_id = $1", [runId]);
      for (const table of ["equity_points", "positions", "trades", "simulation_runs"]) {
        expect((await user.query(`DELETE FROM ${table} WHERE run_id = $1`, [runId])).rowCount).toBe(1);
      }
    });
  });

  test.each([
    ["CREATE TABLE mine (id int)", "permission denied for schema public"],
    ["CREATE TABLE trading_partitions.mine (id int)", "permission denied for schema trading_partitions"],
    ["CREATE SCHEMA mine", "permission denied for database trading_results"],
    ["ALTER TABLE trades ADD COLUMN note text", "must be owner of table trades"],
    ["DROP VIEW v_leaderboard", "must be owner of view v_leaderboard"],
    ["CREATE INDEX ON trades (exit_time)", "must be owner of table trades"],
    ["ALTER TABLE simulation_runs DISABLE TRIGGER guard_run_status", "must be owner of table simulation_runs"],
    ["TRUNCATE simulation_runs CASCADE", "permission denied for table simulation_runs"],
    ["TRUNCATE trading_partitions.trades_p00", "permission denied for table trades_p00"],
    ["DELETE FROM trading_partitions.trades_p00", "permission denied for table trades_p00"],
    ["UPDATE v_run_summary SET name = 'x'", "permission denied for view v_run_summary"],
    ["SELECT setval('simulation_runs_run_id_seq', 1)", "permission denied for sequence simulation_runs_run_id_seq"],
    ["SET ROLE trading_owner", 'permission denied to set role "trading_owner"'],
    ["SELECT touch_updated_at()", "permission denied for function touch_updated_at"],
  ])("may not: %s", async (statement, message) => {
    await expect(user.query(statement)).rejects.toMatchObject({ message });
  });

  test("dumps the whole database, and the dump restores to the same rows", async () => {
    const dump = await docker("exec", server.container, "pg_dump", "-U", "trading_user", postgresDatabase);
    await docker("exec", server.container, "createdb", "-U", "postgres", "-O", "trading_owner", "restored");
    await psql(["-q", "-U", "postgres", "-d", "restored"], dump);
    const counts = tables.map((table) => `SELECT '${table}', count(*) FROM ${table}`).join(" UNION ALL ");
    const wrong = "SELECT check_name, violations FROM v_violations WHERE violations > 0";
    const restored = await psql(["-d", "restored", "-At", "-c", `${counts} ORDER BY 1`, "-c", wrong], "");
    expect(restored.trim().split("\n")).toEqual([
      "equity_points|502",
      "positions|3",
      "simulation_runs|1",
      "trades|127",
    ]);
  });
});

describe("trading_readonly", () => {
  test("reads every table, view and partition", async () => {
    const { rows } = await owner.query(`
      SELECT oid::regclass AS name FROM pg_class
      WHERE relkind IN ('r', 'p', 'v') AND relnamespace IN ('public'::regnamespace, 'trading_partitions'::regnamespace)`);
    expect(rows.length).toBe(4 + 96 + 23);
    for (const { name } of rows) await reader.query(`SELECT * FROM ${name} LIMIT 1`);
  });

  test.each([
    ["INSERT INTO simulation_runs DEFAULT VALUES", "permission denied for table simulation_runs"],
    ["UPDATE trades SET venue = 'x'", "permission denied for table trades"],
    ["DELETE FROM positions", "permission denied for table positions"],
    ["DELETE FROM equity_points", "permission denied for table equity_points"],
    ["TRUNCATE trades", "permission denied for table trades"],
    ["CREATE TABLE mine (id int)", "permission denied for schema public"],
    ["SELECT nextval('simulation_runs_run_id_seq')", "permission denied for sequence simulation_runs_run_id_seq"],
  ])("may not: %s", async (statement, message) => {
    await expect(reader.query(statement)).rejects.toMatchObject({ message });
  });
});

test("a table that a later migration adds can be read at once, and written when granted", async () => {
  await owner.query("CREATE TABLE later (id int)");
  await expect(reader.query("SELECT * FROM later")).resolves.toMatchObject({ rows: [] });
  await expect(user.query("SELECT * FROM later")).resolves.toMatchObject({ rows: [] });
  await expect(user.query("INSERT INTO later VALUES (1)")).rejects.toMatchObject({
    message: "permission denied for table later",
  });
  await owner.query("DROP TABLE later");
});

test("functions are closed to PUBLIC, and look names up in pg_catalog alone", async () => {
  const { rows } = await owner.query(`
    SELECT proname, has_function_privilege('trading_readonly', oid, 'EXECUTE') AS executable, proconfig
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname`);
  const guarded = { executable: false, proconfig: ["search_path=pg_catalog, pg_temp"] };
  expect(rows).toEqual([
    { proname: "guard_run_status", ...guarded },
    { proname: "touch_updated_at", ...guarded },
  ]);
});

test("partitions are vacuumed after few inserts, each and every one", async () => {
  const { rows } = await owner.query(`
    SELECT count(*)::int AS partitions, reloptions FROM pg_class
    WHERE relnamespace = 'trading_partitions'::regnamespace AND relkind = 'r' GROUP BY reloptions`);
  expect(rows).toEqual([{ partitions: 96, reloptions: ["autovacuum_vacuum_insert_scale_factor=0.05"] }]);
});

describe("each query runs in psql with the variables that it names:", () => {
  const variables: Record<string, string> = {
    metric: "calmar_ratio",
    periods_per_year: "252",
    min_trades: "30",
    max_drawdown: "0.25",
    rows: "10",
    after_trade_seq: "0",
    symbol: "SPY",
    algorithm_name: "rsi_mean_reversion",
    run_uid: "01943bea-5300-7000-8000-000000000001",
    sweep_id: "01941f29-7c00-7000-8000-000000000001",
    row_parameter: "slow_period",
    column_parameter: "fast_period",
    stuck_after: "2 hours",
    since: "2020-01-01",
  };
  /** Rows that the sample run gives. */
  const expected: Record<string, number> = {
    "01_leaderboard.sql": 1,
    "02_run_summary.sql": 1,
    "03_equity_curve.sql": 502,
    "04_trades_by_page.sql": 10,
    "05_symbol_breakdown.sql": 4,
    "06_final_positions.sql": 3,
    "07_version_comparison.sql": 0,
    "08_sweep_heatmap.sql": 0,
    "09_best_and_worst_trades.sql": 20,
    "09_monthly_returns.sql": 24,
    "10_outcomes_by_day.sql": 1,
    "10_queue.sql": 0,
  };

  test.each(queryFiles)("%s", async (file) => {
    const text = readFileSync(`schema/postgresql/queries/${file}`, "utf8");
    const { rows } = await owner.query("SELECT run_id FROM simulation_runs");
    const set = Object.entries({ ...variables, run_id: rows[0].run_id }).flatMap((pair) => ["-v", pair.join("=")]);
    const output = await psql(["-d", postgresDatabase, "-At", ...set], text);
    expect(output.split("\n").length - 1).toBe(expected[file]);
  });
});
