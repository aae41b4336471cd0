import type { Trade } from "./account.ts";
import { fromCents, sum } from "./amount.ts";
import type { EquityPoint } from "./backtest.ts";
import { venueOf } from "./prices.ts";
import { type SqlValue, quote } from "./sql.ts";
import { grossPnl, isClosed, netPnl } from "./tradeMetrics.ts";

export type Row = Record<string, SqlValue>;

/** Rows of trades, numbered in the order given, which is that of entry. */
export function tradeRows(trades: readonly Trade[]): Row[] {
  return trades.map((trade, index) => ({
    trade_seq: index + 1,
    entry_time: trade.entryTime,
    exit_time: trade.exit?.time ?? "NULL",
    symbol: quote(trade.symbol),
    venue: quote(venueOf(trade.symbol)),
    direction: quote("long"),
    quantity: String(trade.quantity),
    entry_price: trade.entryPrice,
    exit_price: trade.exit?.price ?? "NULL",
    gross_pnl: isClosed(trade) ? grossPnl(trade) : "NULL",
    commission: trade.commission,
    slippage_cost: trade.slippage,
    mae: (trade.lowest - trade.entryPrice) * trade.quantity,
    mfe: (trade.highest - trade.entryPrice) * trade.quantity,
    entry_tag: quote("oversold"),
    exit_reason: trade.exit === undefined ? "NULL" : quote(trade.exit.reason),
  }));
}

/** One row of positions for each symbol traded, valued at the last close. At most one trade of a symbol is open at a time. */
export function positionRows(trades: readonly Trade[], asOf: Date, closeCents: (symbol: string) => number): Row[] {
  const symbols = [...new Set(trades.map((trade) => trade.symbol))].sort();
  return symbols.map((symbol) => {
    const own = trades.filter((trade) => trade.symbol === symbol);
    const open = own.find((trade) => trade.exit === undefined);
    const price = fromCents(closeCents(symbol));
    const quantity = open?.quantity ?? 0n;
    const costBasis = quantity * (open?.entryPrice ?? 0n);
    return {
      as_of: asOf,
      trade_count: own.length,
      symbol: quote(symbol),
      venue: quote(venueOf(symbol)),
      quantity: String(quantity),
      peak_quantity: String(own.reduce((peak, trade) => (trade.quantity > peak ? trade.quantity : peak), 0n)),
      avg_entry_price: open?.entryPrice ?? "NULL",
      market_price: price,
      cost_basis: costBasis,
      market_value: quantity * price,
      realized_pnl: sum(own.filter(isClosed).map(netPnl)),
      unrealized_pnl: quantity * price - costBasis,
      commission: sum(own.map((trade) => trade.commission)),
      financing: 0n,
    };
  });
}

export function equityRows(points: readonly EquityPoint[]): Row[] {
  return points.map(({ time, equity, cash }) => ({ ts: time, equity, cash }));
}
