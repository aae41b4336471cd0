import { measuredRun } from "./tradingMeasuredRun.ts";
import type { TextRow } from "./tradingMetrics.ts";
import type { Row } from "./tradingRows.ts";

const asOf = "2025-01-01T00:00:00Z";
const trade = { commission: "0", financing: "0", slippage_cost: "0", multiplier: "1", fx_rate: "1" };

/**
 * A run of what a simple backtest never has: short trades, contracts, foreign currency, a lot closed in two parts,
 * two lots held at a mean price that no decimal is, a negative price, a rebate, funding, a trade that broke even.
 */
const trades: TextRow[] = [
  {
    ...trade,
    trade_seq: "1",
    entry_time: "2024-02-01T15:00:00Z",
    symbol: "ES",
    direction: "short",
    quantity: "2",
    multiplier: "50",
    entry_price: "5000",
    commission: "9",
    slippage_cost: "12.5",
    exit_time: "2024-02-02T15:00:00Z",
    exit_price: "4990",
    gross_pnl: "1000",
    exit_reason: "take_profit",
  },
  {
    ...trade,
    trade_seq: "2",
    entry_time: "2024-04-01T15:00:00Z",
    symbol: "CL",
    direction: "long",
    quantity: "1",
    multiplier: "1000",
    entry_price: "-1.5",
    commission: "-0.25",
    exit_time: "2024-04-01T15:00:00Z",
    exit_price: "-3",
    gross_pnl: "-1500",
    exit_reason: "stop_loss",
  },
  {
    ...trade,
    trade_seq: "3",
    entry_time: "2024-05-01T15:00:00Z",
    symbol: "SAP",
    direction: "short",
    quantity: "1",
    fx_rate: "1.1",
    entry_price: "100",
    commission: "0.5",
    financing: "0.5",
    exit_time: "2024-06-01T15:00:00Z",
    exit_price: "100",
    gross_pnl: "0",
    exit_reason: "signal",
  },
  {
    ...trade,
    trade_seq: "4",
    entry_time: "2024-05-01T15:00:00Z",
    symbol: "SAP",
    direction: "short",
    quantity: "3",
    fx_rate: "1.1",
    entry_price: "100",
    commission: "1",
    financing: "-0.75",
  },
  {
    ...trade,
    trade_seq: "5",
    entry_time: "2024-07-01T15:00:00Z",
    symbol: "SAP",
    direction: "short",
    quantity: "4",
    fx_rate: "1.1",
    entry_price: "96",
    commission: "1",
  },
];

const flat = { quantity: 0, market_price: 1, cost_basis: 0, market_value: 0, unrealized_pnl: 0 };
const positions: Row[] = [
  {
    as_of: asOf,
    symbol: "ES",
    trade_count: 1,
    peak_quantity: 2,
    ...flat,
    realized_pnl: "991",
    commission: "9",
    financing: "0",
  },
  {
    as_of: asOf,
    symbol: "CL",
    trade_count: 1,
    peak_quantity: 1,
    ...flat,
    realized_pnl: "-1499.75",
    commission: "-0.25",
    financing: "0",
  },
  {
    as_of: asOf,
    symbol: "SAP",
    trade_count: 3,
    peak_quantity: 7,
    quantity: -7,
    fx_rate: "1.1",
    avg_entry_price: "97.71428571",
    market_price: 90,
    cost_basis: "-752.4",
    market_value: "-693",
    unrealized_pnl: "59.4",
    realized_pnl: "0",
    commission: "2.5",
    financing: "-0.25",
  },
];

/** Ends at 100000 + 991 - 1499.75 + 0 (realized) + 59.4 (unrealized) - 2 (commission) - 0.75 (financing of open trades). */
const points: TextRow[] = [
  { ts: "2024-02-02T21:00:00Z", equity: "100991", cash: "100991" },
  { ts: "2024-04-01T20:00:00Z", equity: "99491.25", cash: "99491.25" },
  { ts: "2024-12-31T21:00:00Z", equity: "99547.9", cash: "100240.9" },
];

/** Rows to insert but for run_id; the metrics are those of the definitions. */
export function awkwardRun(): { run: Row; trades: Row[]; positions: Row[]; points: Row[] } {
  const terms = { symbols: ["ES", "CL", "SAP"], account_type: "margin", risk_free_rate: 0.02 };
  return { run: measuredRun(terms, trades, points), trades, positions, points };
}
