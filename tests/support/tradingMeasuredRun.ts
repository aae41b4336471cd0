import { type Metrics, type TextRow, metricsByDefinition } from "./tradingMetrics.ts";
import { type Row, completedRun } from "./tradingRows.ts";

/** A completed run with the metrics that its trades and points give by definition. */
export function measuredRun(changes: Row, trades: TextRow[], points: TextRow[]): Row {
  const run = completedRun(changes);
  const text = Object.fromEntries(Object.entries(run).map(([column, value]) => [column, String(value)]));
  return { ...run, ...columns(metricsByDefinition(text, trades, points)) };
}

/** A run of one hour with one trade, bought at 100 and sold at a price. */
export function shortRun(exitPrice: number): { run: Row; trades: Row[]; positions: Row[]; points: Row[] } {
  const [start, end] = ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"];
  const profit = exitPrice - 100;
  const trade = { trade_seq: "1", symbol: "SPY", direction: "long", quantity: "1", commission: "0" };
  const entry = { entry_time: start, entry_price: "100" };
  const exit = { exit_time: end, exit_price: `${exitPrice}`, gross_pnl: `${profit}`, exit_reason: "signal" };
  const trades = [{ ...trade, ...entry, ...exit }];
  const points = [{ ts: end, equity: `${exitPrice}`, cash: `${exitPrice}` }];
  const flat = { quantity: 0, cost_basis: 0, market_value: 0, unrealized_pnl: 0, commission: 0, financing: 0 };
  const position = { as_of: end, symbol: "SPY", trade_count: 1, peak_quantity: 1, ...flat, realized_pnl: profit };
  const period = { period_start: start, period_end: end, starting_equity: 100 };
  return {
    run: measuredRun({ ...period, risk_free_rate: 0, random_seed: exitPrice }, trades, points),
    trades,
    positions: [position],
    points,
  };
}

function columns(metrics: Metrics): Row {
  return Object.fromEntries(
    Object.entries(metrics).map(([column, value]) => {
      if (typeof value === "bigint") return [column, `${value}e-8`];
      return [column, /_(duration|time)$/.test(column) && column !== "exposure_time" ? `${value} microseconds` : value];
    }),
  );
}
