import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, jest, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import type pg from "pg";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import {
  type Row,
  closedTrade,
  completedRun,
  equityPoint,
  insert,
  openTrade,
  position,
  queuedRun,
  runIn,
} from "../../support/tradingRows.ts";

jest.setTimeout(300_000);

let server: TradingPostgres;
let client: pg.Client;
let runId: string;
/** Number of the partitions that hold this run, as in their names: "07". */
let partition: string;

beforeAll(async () => {
  server = await startTradingPostgres();
  client = await server.connect("trading_user");
  runId = String((await insert(client, "simulation_runs", completedRun())).run_id);
  await insert(client, "trades", closedTrade(runId));
  const { rows } = await client.query("SELECT right(tableoid::regclass::text, 2) AS number FROM trades");
  partition = rows[0].number;
  await client.query("DELETE FROM trades");
});
afterAll(() => server?.remove());

beforeEach(() => client.query("BEGIN"));
afterEach(() => client.query("ROLLBACK"));

/** Constraint, and a change that breaks it alone; of a queued run unless a kind of row is named. */
const brokenRuns: [string, Row, ((changes: Row) => Row)?][] = [
  ["name_has_1_to_200_characters", { name: "" }],
  ["name_has_1_to_200_characters", { name: "x".repeat(201) }],
  ["run_type_is_known", { run_type: "dream" }],
  ["status_is_known", { status: "paused" }],
  ["tags_are_not_null", { tags: ["a", null] }],
  ["config_id_is_not_empty", { config_id: "" }],
  ["algorithm_name_is_snake_case", { algorithm_name: "SMA Crossover" }],
  ["simulator_name_is_snake_case", { simulator_name: "US-Equity" }],
  ["git_commit_is_40_hex_digits", { git_commit: "HEAD" }],
  ["dataset_version_is_not_empty", { dataset_version: "" }],
  ["parameters_are_an_object", { parameters: "[]" }],
  ["simulator_overrides_are_an_object", { simulator_overrides: "[]" }],
  ["trial_no_is_positive", { sweep_id: crypto.randomUUID(), trial_no: 0 }],
  ["sweep_and_trial_go_together", { trial_no: 1 }],
  ["symbols_name_at_least_one", { symbols: [] }],
  ["symbols_name_at_least_one", { symbols: ["SPY", null] }],
  ["timeframe_is_known", { timeframe: "2d" }],
  ["period_ends_after_it_starts", { period_end: "2024-01-01T00:00:00Z" }],
  ["account_currency_is_a_code", { account_currency: "$" }],
  ["account_type_is_known", { account_type: "savings" }],
  ["starting_equity_is_positive", { starting_equity: 0 }],
  ["periods_per_year_is_1_to_366", { periods_per_year: 367 }],
  ["risk_free_rate_is_a_fraction", { risk_free_rate: -1 }],
  ["risk_free_rate_is_a_fraction", { risk_free_rate: 4.5 }],
  ["queued_run_has_not_started", { started_at: "2025-02-01" }],
  ["running_run_has_started_and_not_finished", { status: "running" }],
  [
    "running_run_has_started_and_not_finished",
    { status: "running", started_at: "2025-02-01", finished_at: "2025-02-01" },
  ],
  ["completed_run_has_started_and_finished", { started_at: null }, completedRun],
  ["failed_or_cancelled_run_has_finished", { status: "cancelled" }],
  ["failed_or_cancelled_run_has_finished", { status: "failed", error_type: "DataError", error_message: "no bars" }],
  ["run_finishes_after_it_starts", { finished_at: "2025-01-31" }, completedRun],
  ["failed_run_alone_has_an_error", { status: "failed", finished_at: "2025-02-01", error_type: "DataError" }],
  ["failed_run_alone_has_an_error", { error_type: "DataError", error_message: "no bars" }],
  ["annual_volatility_is_not_negative", { annual_volatility: -0.1 }, completedRun],
  ["max_drawdown_is_not_negative", { max_drawdown: -0.1 }, completedRun],
  ["max_drawdown_duration_is_not_negative", { max_drawdown_duration: "-1 day" }, completedRun],
  ["exposure_time_is_a_fraction", { exposure_time: 73 }, completedRun],
  ["turnover_is_not_negative", { turnover: -1 }, completedRun],
  ["win_rate_is_a_fraction", { win_rate: 55 }, completedRun],
  ["gross_profit_is_not_negative", { gross_profit: -1, realized_net_pnl: -1 }, completedRun],
  ["gross_loss_is_not_positive", { gross_loss: 1, realized_net_pnl: 1 }, completedRun],
  ["extra_metrics_are_an_object", { extra_metrics: "3" }, completedRun],
  ["net_profit_is_the_equity_gained", { net_profit: 1 }, completedRun],
  ["trade_counts_are_not_negative", { open_trades: -1 }, completedRun],
  ["trade_counts_add_up", { total_trades: 1 }, completedRun],
  ["profit_and_loss_add_up", { realized_net_pnl: "0.00000001" }, completedRun],
];

const brokenTrades: [string, Row, ((runId: string, changes: Row) => Row)?][] = [
  ["trade_seq_is_positive", { trade_seq: 0 }],
  ["direction_is_known", { direction: "up" }],
  ["quantity_is_positive", { quantity: 0 }],
  ["mae_is_not_positive", { mae: 1 }],
  ["mfe_is_not_negative", { mfe: -1 }],
  ["exit_reason_is_known", { exit_reason: "boredom" }, closedTrade],
  ["trade_is_open_or_closed", { exit_price: 510 }],
  ["trade_is_open_or_closed", { gross_pnl: null }, closedTrade],
  ["trade_exits_at_or_after_its_entry", { exit_time: "2024-02-29T00:00:00Z" }, closedTrade],
];

const brokenPositions: [string, Row][] = [
  ["trade_count_is_positive", { trade_count: 0 }],
  ["flat_position_has_no_entry_and_no_value", { quantity: 0, unrealized_pnl: 0, market_value: 0, cost_basis: 0 }],
  ["flat_position_has_no_entry_and_no_value", { quantity: 0, avg_entry_price: null, unrealized_pnl: 1 }],
  ["open_position_has_prices", { market_price: null }],
  ["unrealized_pnl_is_value_less_cost", { unrealized_pnl: "50.00000001" }],
  ["peak_quantity_covers_quantity", { peak_quantity: 9 }],
];

/** Domain, its constraint, and a value that it refuses. */
const brokenValues: [string, string, Row][] = [
  ["finite", "finite_number", { sharpe_ratio: "NaN" }],
  ["finite", "finite_number", { sharpe_ratio: "Infinity" }],
  ["finite", "finite_number", { sharpe_ratio: "-Infinity" }],
  ["amount", "amount_is_a_number", { largest_win: "NaN" }],
  ["sha256_hex", "sha256_is_64_lower_case_hex_digits", { config_hash: "A".repeat(64) }],
  ["semantic_version", "version_is_semantic", { algorithm_version: "1.1" }],
  ["semantic_version", "version_is_semantic", { engine_version: "01.1.0" }],
  ["moment", "moment_is_finite", { period_end: "infinity" }],
  ["moment", "moment_is_finite", { created_at: "-infinity" }],
];
const brokenTradeValues: [string, string, Row][] = [
  ["quantity", "quantity_is_a_number", { quantity: "NaN" }],
  ["price", "price_is_a_number", { entry_price: "NaN" }],
  ["multiplier", "multiplier_is_positive", { multiplier: 0 }],
  ["multiplier", "multiplier_is_positive", { multiplier: "NaN" }],
  ["fx_rate", "fx_rate_is_positive", { fx_rate: -1 }],
  ["fx_rate", "fx_rate_is_positive", { fx_rate: "NaN" }],
  ["symbol", "symbol_has_1_to_40_characters", { symbol: "" }],
  ["symbol", "symbol_has_1_to_40_characters", { symbol: "x".repeat(41) }],
  ["moment", "moment_is_finite", { entry_time: "infinity" }],
];

describe("simulation_runs refuses a row that breaks", () => {
  test.each(brokenRuns)("%s: %j", async (constraint, changes, kind = queuedRun) => {
    await expect(insert(client, "simulation_runs", kind(changes))).rejects.toMatchObject({
      message: `new row for relation "simulation_runs" violates check constraint "${constraint}"`,
    });
  });

  test.each(brokenValues)("the domain %s, %s: %j", async (domain, constraint, changes) => {
    await expect(insert(client, "simulation_runs", completedRun(changes))).rejects.toMatchObject({
      message: `value for domain ${domain} violates check constraint "${constraint}"`,
    });
  });

  test("the uniqueness of run_uid", async () => {
    const run = queuedRun();
    await insert(client, "simulation_runs", run);
    await expect(insert(client, "simulation_runs", run)).rejects.toMatchObject({
      message: 'duplicate key value violates unique constraint "simulation_runs_run_uid_key"',
    });
  });

  test("the uniqueness of a trial in its sweep", async () => {
    const trial = { sweep_id: crypto.randomUUID(), trial_no: 1 };
    await insert(client, "simulation_runs", queuedRun(trial));
    await expect(insert(client, "simulation_runs", queuedRun(trial))).rejects.toMatchObject({
      message: 'duplicate key value violates unique constraint "simulation_runs_by_sweep"',
    });
  });
});

test.each(["failed", "cancelled"] as const)("a trial that was %s can be repeated", async (status) => {
  const trial = { sweep_id: crypto.randomUUID(), trial_no: 1 };
  await insert(client, "simulation_runs", { ...runIn[status](), ...trial });
  await insert(client, "simulation_runs", { ...runIn[status](), ...trial });
  await expect(insert(client, "simulation_runs", completedRun(trial))).resolves.toMatchObject(trial);
});

const metrics = [
  ...readFileSync("schema/postgresql/migrations/0003_add_run_metrics.sql", "utf8").matchAll(/ADD COLUMN (\w+)/g),
].map(([, column]) => String(column));
const coreMetrics = metrics.filter((column) => column in completedRun());

test("a run has 35 metrics, 20 of them core", () => {
  expect([metrics.length, coreMetrics.length]).toEqual([35, 20]);
});

test.each(coreMetrics)("a run can't be completed without %s", async (metric) => {
  await expect(insert(client, "simulation_runs", completedRun({ [metric]: null }))).rejects.toMatchObject({
    message: 'new row for relation "simulation_runs" violates check constraint "completed_run_has_its_core_metrics"',
  });
});

test.each(metrics)("a run that is not completed can't have %s", async (metric) => {
  const value = metric === "extra_metrics" ? { omega: 1 } : "0";
  await expect(insert(client, "simulation_runs", queuedRun({ [metric]: value }))).rejects.toMatchObject({
    message: 'new row for relation "simulation_runs" violates check constraint "completed_run_alone_has_metrics"',
  });
});

describe("trades refuses a row that breaks", () => {
  test.each(brokenTrades)("%s: %j", async (constraint, changes, kind = openTrade) => {
    await expect(insert(client, "trades", kind(runId, changes))).rejects.toMatchObject({
      message: `new row for relation "trades_p${partition}" violates check constraint "${constraint}"`,
    });
  });

  test.each(brokenTradeValues)("the domain %s, %s: %j", async (domain, constraint, changes) => {
    await expect(insert(client, "trades", openTrade(runId, changes))).rejects.toMatchObject({
      message: `value for domain ${domain} violates check constraint "${constraint}"`,
    });
  });

  test("the key of a run and trade_seq, so that a load can't be repeated", async () => {
    await insert(client, "trades", openTrade(runId));
    await expect(insert(client, "trades", openTrade(runId))).rejects.toMatchObject({
      message: `duplicate key value violates unique constraint "trades_p${partition}_pkey"`,
    });
  });

  test("the range of amounts: an infinite one", async () => {
    await expect(insert(client, "trades", openTrade(runId, { commission: "Infinity" }))).rejects.toMatchObject({
      message: "numeric field overflow",
      detail: "A field with precision 24, scale 8 cannot hold an infinite value.",
    });
  });
});

describe("positions refuses a row that breaks", () => {
  test.each(brokenPositions)("%s: %j", async (constraint, changes) => {
    await expect(insert(client, "positions", position(runId, changes))).rejects.toMatchObject({
      message: `new row for relation "positions_p${partition}" violates check constraint "${constraint}"`,
    });
  });

  test("the key of a run and symbol", async () => {
    await insert(client, "positions", position(runId));
    await expect(insert(client, "positions", position(runId))).rejects.toMatchObject({
      message: `duplicate key value violates unique constraint "positions_p${partition}_pkey"`,
    });
  });
});

test("equity_points refuses two points of a run at one time", async () => {
  await insert(client, "equity_points", equityPoint(runId));
  await expect(insert(client, "equity_points", equityPoint(runId))).rejects.toMatchObject({
    message: `duplicate key value violates unique constraint "equity_points_p${partition}_pkey"`,
  });
});

const rowsOfRuns: [string, (runId: string) => Row][] = [
  ["trades", openTrade],
  ["positions", position],
  ["equity_points", equityPoint],
];

test.each(rowsOfRuns)("%s refuses a row of a run that does not exist", async (table, row) => {
  const partitionOfNoRun = expect.stringMatching(
    new RegExp(`^insert or update on table "${table}_p\\d\\d" violates foreign key constraint "${table}_run_id_fkey"$`),
  );
  await expect(insert(client, table, row("-1"))).rejects.toMatchObject({
    message: partitionOfNoRun,
    detail: 'Key (run_id)=(-1) is not present in table "simulation_runs".',
  });
});

test("every CHECK of tables and domains is tried above", async () => {
  const { rows } = await client.query(`
    SELECT DISTINCT conname FROM pg_constraint
    WHERE contype = 'c' AND connamespace IN ('public'::regnamespace, 'trading_partitions'::regnamespace) ORDER BY conname`);
  const tried = [
    ...[...brokenRuns, ...brokenTrades, ...brokenPositions].map(([constraint]) => constraint),
    ...[...brokenValues, ...brokenTradeValues].map(([, constraint]) => constraint),
    ...["completed_run_has_its_core_metrics", "completed_run_alone_has_metrics"],
  ];
  expect(rows.map(({ conname }) => conname)).toEqual([...new Set(tried)].sort());
});
