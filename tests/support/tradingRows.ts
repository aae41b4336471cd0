import type pg from "pg";

/** Values by column, as pg takes them: arrays become PostgreSQL arrays, objects JSON. */
export type Row = Record<string, unknown>;

const periodStart = "2024-01-01T00:00:00Z";
const periodEnd = "2025-01-01T00:00:00Z";
const times = { started_at: "2025-02-01T00:00:00Z", finished_at: "2025-02-01T00:00:01Z" };

/** A queued run. */
export function queuedRun(changes: Row = {}): Row {
  return {
    run_uid: crypto.randomUUID(),
    name: "a run",
    run_type: "backtest",
    config_id: "a-config",
    config_hash: "a".repeat(64),
    algorithm_name: "sma_crossover",
    algorithm_version: "1.1.0",
    algorithm_hash: "b".repeat(64),
    simulator_name: "us_equity_daily",
    simulator_version: "1.0.0",
    simulator_hash: "c".repeat(64),
    engine_version: "2.0.0",
    dataset_version: "test",
    random_seed: 1,
    symbols: ["SPY"],
    timeframe: "1d",
    period_start: periodStart,
    period_end: periodEnd,
    account_currency: "USD",
    account_type: "cash",
    starting_equity: 100_000,
    periods_per_year: 252,
    ...changes,
  };
}

/** A completed run that never traded: its core metrics, and no ratio. */
export function completedRun(changes: Row = {}): Row {
  return queuedRun({
    status: "completed",
    ...times,
    ending_equity: 100_000,
    net_profit: 0,
    total_return: 0,
    max_drawdown: 0,
    max_drawdown_duration: "0",
    exposure_time: 0,
    turnover: 0,
    total_trades: 0,
    winning_trades: 0,
    losing_trades: 0,
    breakeven_trades: 0,
    open_trades: 0,
    realized_net_pnl: 0,
    gross_profit: 0,
    gross_loss: 0,
    max_consecutive_wins: 0,
    max_consecutive_losses: 0,
    total_commission: 0,
    total_slippage: 0,
    total_financing: 0,
    ...changes,
  });
}

/** A run in each status. */
export const runIn = {
  queued: queuedRun,
  running: () => queuedRun({ status: "running", started_at: times.started_at }),
  completed: completedRun,
  failed: () => queuedRun({ status: "failed", ...times, error_type: "DataError", error_message: "no bars" }),
  cancelled: () => queuedRun({ status: "cancelled", ...times }),
};
export type Status = keyof typeof runIn;
export const statuses = Object.keys(runIn) as Status[];

/** A trade that is still open. */
export function openTrade(runId: string, changes: Row = {}): Row {
  return {
    run_id: runId,
    trade_seq: 1,
    entry_time: "2024-03-01T14:30:00Z",
    symbol: "SPY",
    direction: "long",
    quantity: 10,
    entry_price: 500,
    ...changes,
  };
}

export function closedTrade(runId: string, changes: Row = {}): Row {
  const exit = { exit_time: "2024-03-05T14:30:00Z", exit_price: 510, gross_pnl: 100, exit_reason: "signal" };
  return openTrade(runId, { ...exit, ...changes });
}

/** A long position in SPY, which openTrade gives. */
export function position(runId: string, changes: Row = {}): Row {
  return {
    run_id: runId,
    as_of: periodEnd,
    trade_count: 1,
    symbol: "SPY",
    quantity: 10,
    peak_quantity: 10,
    avg_entry_price: 500,
    market_price: 505,
    cost_basis: 5000,
    market_value: 5050,
    realized_pnl: 0,
    unrealized_pnl: 50,
    commission: 0,
    financing: 0,
    ...changes,
  };
}

export function equityPoint(runId: string, changes: Row = {}): Row {
  return { run_id: runId, ts: "2024-03-01T21:00:00Z", equity: 100_000, cash: 95_000, ...changes };
}

/** @returns the row as the database has it. */
export async function insert(client: pg.Client, table: string, row: Row): Promise<Row> {
  const columns = Object.keys(row);
  const result = await client.query(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(", ")}) RETURNING *`,
    Object.values(row),
  );
  return result.rows[0];
}

/** Does something in a transaction that is always rolled back. */
export async function undone(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query("BEGIN");
  try {
    await work();
  } finally {
    await client.query("ROLLBACK");
  }
}
