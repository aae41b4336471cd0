import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import { readQuery } from "../../support/tradingQueries.ts";
import {
  type Row,
  closedTrade,
  completedRun,
  equityPoint,
  insert,
  openTrade,
  queuedRun,
} from "../../support/tradingRows.ts";

jest.setTimeout(300_000);

let server: TradingPostgres;
let client: pg.Client;

beforeAll(async () => {
  server = await startTradingPostgres();
  client = await server.connect("trading_user");
});
afterAll(() => server?.remove());

beforeEach(() => client.query("BEGIN"));
afterEach(() => client.query("ROLLBACK"));

const addRun = async (row: Row) => String((await insert(client, "simulation_runs", row)).run_id);

async function ask(file: string, variables: Record<string, string | number>): Promise<Row[]> {
  return (await client.query(readQuery(file, variables))).rows;
}

/** The columns named, of each row. */
function pick(rows: Row[], ...columns: string[]): unknown[][] {
  return rows.map((row) => columns.map((column) => row[column]));
}

const metrics = [["sharpe_ratio"], ["total_return"], ["calmar_ratio"]];

test.each(metrics)(
  "01 ranks by %s, equals alike, the undefined last, and leaves out what does not compare",
  async (metric) => {
    const run = (name: string, value: number | null, changes: Row = {}) => {
      // total_return is never undefined: what is undefined there is least.
      const ranked = { [metric]: metric === "total_return" ? (value ?? -1) : value };
      const trades = { total_trades: 50, breakeven_trades: 50 };
      return addRun(completedRun({ name, ...trades, max_drawdown: 0.1, ...ranked, ...changes }));
    };
    await run("undefined", null);
    await run("second", 1.5);
    await run("first", 2);
    await run("also second", 1.5);
    await run("lucky", 9, { total_trades: 3, breakeven_trades: 3 });
    await run("reckless", 8, { max_drawdown: 0.9 });
    await run("around the clock", 7, { periods_per_year: 365 });
    await addRun(queuedRun({ name: "queued" }));
    const variables = { metric, periods_per_year: 252, min_trades: 30, max_drawdown: 0.25, rows: 10 };
    const rows = await ask("01_leaderboard.sql", variables);
    expect(pick(rows, "rank", "name")).toEqual([
      ["1", "first"],
      ["2", "second"],
      ["2", "also second"],
      ["4", "undefined"],
    ]);
  },
);

describe("one run", () => {
  let runId: string;
  beforeEach(async () => {
    runId = await addRun(completedRun({ symbols: ["SPY", "QQQ"] }));
    const march = { entry_time: "2024-03-01T15:00:00Z", exit_time: "2024-03-02T15:00:00Z" };
    const april = { entry_time: "2024-04-01T15:00:00Z", exit_time: "2024-04-03T15:00:00Z" };
    const loss = { gross_pnl: -400, exit_reason: "stop_loss" };
    await insert(client, "trades", closedTrade(runId, { ...march, gross_pnl: 1000, commission: 10 }));
    await insert(
      client,
      "trades",
      closedTrade(runId, { ...april, ...loss, trade_seq: 2, direction: "short", commission: 10 }),
    );
    await insert(client, "trades", closedTrade(runId, { ...april, trade_seq: 3, symbol: "QQQ", gross_pnl: 500 }));
    await insert(
      client,
      "trades",
      openTrade(runId, { trade_seq: 4, entry_time: "2024-05-01T15:00:00Z", commission: 5 }),
    );
    const equity = { "2024-03-01": 110_000, "2024-03-29": 99_000, "2024-04-30": 108_900, "2024-05-31": 121_000 };
    for (const [day, value] of Object.entries(equity)) {
      await insert(client, "equity_points", equityPoint(runId, { ts: `${day}T20:00:00Z`, equity: value }));
    }
  });

  test("03 gives returns, peak and drawdown at each point, the start not among them", async () => {
    const rows = await ask("03_equity_curve.sql", { run_id: runId });
    expect(pick(rows, "period_return", "peak", "drawdown")).toEqual([
      [0.1, "110000.00000000", 0],
      [-0.1, "110000.00000000", 0.1],
      [0.1, "110000.00000000", 0.01],
      [expect.closeTo(1 / 9, 12), "121000.00000000", 0],
    ]);
  });

  test("closed-trade equity steps from exit to exit, and does not know the open trade", async () => {
    const { rows } = await client.query("SELECT * FROM v_closed_trade_equity WHERE run_id = $1 ORDER BY trade_seq", [
      runId,
    ]);
    expect(pick(rows, "trade_seq", "equity", "peak", "drawdown")).toEqual([
      [1, "100990.00000000", "100990.00000000", 0],
      [2, "100580.00000000", "100990.00000000", expect.closeTo(410 / 100_990, 12)],
      [3, "101080.00000000", "101080.00000000", 0],
    ]);
  });

  test("04 goes on after the trade that one has", async () => {
    const page = (after: number) => ask("04_trades_by_page.sql", { run_id: runId, after_trade_seq: after, rows: 3 });
    expect(pick(await page(0), "trade_seq")).toEqual([[1], [2], [3]]);
    expect(pick(await page(3), "trade_seq")).toEqual([[4]]);
  });

  test("05 sums one symbol up: in all, by direction, by reason of exit", async () => {
    const rows = await ask("05_symbol_breakdown.sql", { run_id: runId, symbol: "SPY" });
    expect(pick(rows, "direction", "exit_reason", "trades", "win_rate", "net_pnl")).toEqual([
      ["all", "all", "2", 0.5, "580.00000000"],
      ["all", "signal", "1", 1, "990.00000000"],
      ["all", "stop_loss", "1", 0, "-410.00000000"],
      ["long", "all", "1", 1, "990.00000000"],
      ["short", "all", "1", 0, "-410.00000000"],
    ]);
  });

  test("v_run_symbol_stats sets symbols side by side, ratios NULL where there is no loss", async () => {
    const { rows } = await client.query("SELECT * FROM v_run_symbol_stats WHERE run_id = $1 ORDER BY symbol", [runId]);
    const columns = [
      "symbol",
      "total_trades",
      "open_trades",
      "win_rate",
      "net_pnl",
      "profit_factor",
      "expectancy",
      "commission",
    ];
    expect(pick(rows, ...columns)).toEqual([
      ["QQQ", "1", "0", 1, "500.00000000", null, "500.00000000", "0.00000000"],
      ["SPY", "2", "1", 0.5, "580.00000000", expect.closeTo(990 / 410, 12), "290.00000000", "25.00000000"],
    ]);
  });

  test("09 gives each month its return and its closed trades", async () => {
    const rows = await ask("09_monthly_returns.sql", { run_id: runId });
    expect(pick(rows, "monthly_return", "closed_trades", "net_pnl", "worst_trade")).toEqual([
      [-0.01, "1", "990.00000000", "990.00000000"],
      [0.1, "2", "90.00000000", "-410.00000000"],
      [expect.closeTo(1 / 9, 12), null, null, null],
    ]);
  });

  test("09 counts midnight as the end of the month before", async () => {
    const midnight = "2024-06-01T00:00:00Z";
    const trade = { trade_seq: 5, entry_time: "2024-05-02T15:00:00Z", exit_time: midnight, gross_pnl: 7 };
    await insert(client, "equity_points", equityPoint(runId, { ts: midnight, equity: 108_900 }));
    await insert(client, "trades", closedTrade(runId, trade));
    const rows = await ask("09_monthly_returns.sql", { run_id: runId });
    expect(pick(rows.slice(1), "month", "monthly_return", "closed_trades", "net_pnl")).toEqual([
      [new Date("2024-04-01T00:00:00Z"), 0.1, "2", "90.00000000"],
      [new Date("2024-05-01T00:00:00Z"), 0, "1", "7.00000000"],
    ]);
  });

  test("09 lists the best and the worst trades, each once", async () => {
    const best = await ask("09_best_and_worst_trades.sql", { run_id: runId, rows: 1 });
    expect(pick(best, "trade_seq", "return_on_notional")).toEqual([
      [1, 0.198],
      [2, -0.082],
    ]);
    const all = await ask("09_best_and_worst_trades.sql", { run_id: runId, rows: 10 });
    expect(pick(all, "trade_seq")).toEqual([[1], [3], [2]]);
  });
});

test("07 compares each version with the one before, by number, where all else is equal", async () => {
  const run = (version: string, sharpe: number, changes: Row = {}) =>
    addRun(completedRun({ algorithm_version: version, sharpe_ratio: sharpe, ...changes }));
  await run("1.10.0", 2);
  await run("1.9.0", 1);
  await run("1.9.0", 1.5);
  await run("1.10.0", 9, { parameters: { fast_period: 10 } });
  const others: Row[] = [
    { run_type: "paper" },
    { symbols: ["QQQ"] },
    { timeframe: "1h" },
    { period_start: "2024-01-02T00:00:00Z" },
    { period_end: "2025-01-02T00:00:00Z" },
    { simulator_name: "crypto_spot" },
    { simulator_version: "1.0.1" },
    { simulator_hash: "d".repeat(64) },
    { simulator_overrides: { fee_model: { type: "none" } } },
    { dataset_version: "other" },
    { account_currency: "EUR" },
    { account_type: "margin" },
    { starting_equity: 100, ending_equity: 100 },
    { periods_per_year: 365 },
    { risk_free_rate: 0.01 },
  ];
  for (const other of others) await run("1.9.0", 9, other);
  const rows = await ask("07_version_comparison.sql", { algorithm_name: "sma_crossover" });
  expect(pick(rows, "algorithm_version", "runs", "median_sharpe_ratio", "sharpe_change")).toEqual([
    ["1.9.0", "2", 1.25, null],
    ["1.10.0", "1", 2, 0.75],
  ]);
});

test("07 orders versions as semantic versioning does", async () => {
  const versions = [
    ...["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"],
    ...["1.0.0-rc.1", "1.0.0", "1.0.1+build-7", "1.10.0-1", "1.10.0--", "1.10.0", "4294967296.0.0"],
  ];
  for (const version of [...versions].sort().reverse()) await addRun(completedRun({ algorithm_version: version }));
  const rows = await ask("07_version_comparison.sql", { algorithm_name: "sma_crossover" });
  expect(pick(rows, "algorithm_version").flat()).toEqual(versions);
});

test("08 makes a cell of each pair of parameters, in the order of numbers", async () => {
  const sweep_id = crypto.randomUUID();
  const cells = [
    [100, 5, 1],
    [100, 10, 2],
    [20, 5, 3],
  ];
  for (const [index, [slow, fast, sharpe]] of cells.entries()) {
    const parameters = { slow_period: slow, fast_period: fast };
    await addRun(completedRun({ sweep_id, trial_no: index + 1, parameters, sharpe_ratio: sharpe }));
  }
  const variables = { sweep_id, row_parameter: "slow_period", column_parameter: "fast_period" };
  const rows = await ask("08_sweep_heatmap.sql", variables);
  expect(pick(rows, "row_value", "column_value", "sharpe_ratio")).toEqual([
    ["20", "5", 3],
    ["100", "5", 1],
    ["100", "10", 2],
  ]);
});

test("08 takes choices and flags as well as numbers, and what is not set", async () => {
  const sweep_id = crypto.randomUUID();
  const trials: Row[] = [
    { rebalance: "weekly", allow_short: true },
    { rebalance: "monthly", allow_short: true },
    { rebalance: "monthly", allow_short: false },
    { rebalance: "monthly" },
    { rebalance: 9.5, allow_short: false },
    { rebalance: 10, allow_short: false },
  ];
  for (const [index, parameters] of trials.entries()) {
    await addRun(completedRun({ sweep_id, trial_no: index + 1, parameters }));
  }
  const variables = { sweep_id, row_parameter: "rebalance", column_parameter: "allow_short" };
  const rows = await ask("08_sweep_heatmap.sql", variables);
  expect(pick(rows, "row_value", "column_value")).toEqual([
    ["monthly", "false"],
    ["monthly", "true"],
    ["monthly", null],
    ["weekly", "true"],
    ["9.5", "false"],
    ["10", "false"],
  ]);
});

test("10 shows what waits and what runs, and which runs are stuck", async () => {
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  await addRun(queuedRun({ name: "waits", queued_at: hoursAgo(5) }));
  await addRun(queuedRun({ name: "stuck", status: "running", queued_at: hoursAgo(4), started_at: hoursAgo(3) }));
  await addRun(queuedRun({ name: "runs", status: "running", queued_at: hoursAgo(2), started_at: hoursAgo(1) }));
  await addRun(completedRun({ name: "done" }));
  const rows = await ask("10_queue.sql", { stuck_after: "2 hours" });
  expect(pick(rows, "name", "stuck")).toEqual([
    ["waits", false],
    ["stuck", true],
    ["runs", false],
  ]);
});

test("10 counts the runs of a day by how they ended", async () => {
  const failed = { status: "failed", started_at: "2025-03-01", finished_at: "2025-03-02", error_message: "no bars" };
  const day = { created_at: "2025-03-02T23:30:00Z" };
  for (const error_type of ["DataError", "DataError", "Timeout"])
    await addRun(queuedRun({ ...failed, ...day, error_type }));
  await addRun(completedRun(day));
  await addRun(completedRun({ created_at: "2025-02-28T00:00:00Z" }));
  const rows = await ask("10_outcomes_by_day.sql", { since: "2025-03-01" });
  expect(pick(rows, "status", "error_type", "runs")).toEqual([
    ["completed", null, "1"],
    ["failed", "DataError", "2"],
    ["failed", "Timeout", "1"],
  ]);
  expect(rows[0]?.day).toEqual(new Date("2025-03-02T00:00:00Z"));
});
