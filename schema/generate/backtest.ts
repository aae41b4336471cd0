import { type Account, buy, equityOf, hold, openTrades, sell } from "./account.ts";
import type { Amount } from "./amount.ts";
import type { Session } from "./calendar.ts";
import type { Costs } from "./costs.ts";
import type { Bar } from "./prices.ts";
import { relativeStrength } from "./relativeStrength.ts";

/** Parameters of rsi_mean_reversion, as its parameter_schema names them. */
export interface Parameters {
  rsi_period: number;
  oversold: number;
  overbought: number;
  max_holding_bars: number;
}

export interface Market {
  sessions: Session[];
  /** For each symbol one bar a session. */
  bars: Record<string, Bar[]>;
  /** Sessions at the start that are only looked at. */
  warmup: number;
}

export interface EquityPoint {
  time: Date;
  equity: Amount;
  cash: Amount;
}

/** Share of equity that one position takes, in percent: three of them leave some cash. */
const positionPercent = 32n;

/**
 * rsi_mean_reversion, long only, on a cash account: decides at each close, trades at the next open, sells first.
 * @returns the account at the end, and one equity point a session.
 */
export function backtest(market: Market, parameters: Parameters, costs: Costs, startingEquity: Amount) {
  const account: Account = { costs, cash: startingEquity, trades: [] };
  const points: EquityPoint[] = [];
  const symbols = Object.entries(market.bars).map(([symbol, bars]) => {
    const closes = bars.map((bar) => bar.close);
    return { symbol, bars, strength: relativeStrength(closes, parameters.rsi_period) };
  });
  let equity = startingEquity;

  for (const [index, session] of market.sessions.entries()) {
    if (index < market.warmup) continue;
    const bars = Object.fromEntries(symbols.map(({ symbol, bars }) => [symbol, bars[index] as Bar]));
    const signals = Object.fromEntries(symbols.map(({ symbol, strength }) => [symbol, strength[index - 1] as number]));
    const bar = (symbol: string) => bars[symbol] as Bar;
    const signal = (symbol: string) => signals[symbol] as number;
    const held = openTrades(account);

    for (const trade of held) {
      if (signal(trade.symbol) > parameters.overbought) {
        sell(account, trade, bar(trade.symbol).open, session.open, "signal");
      } else if (trade.bars >= parameters.max_holding_bars) {
        sell(account, trade, bar(trade.symbol).open, session.open, "time_stop");
      }
    }
    for (const { symbol } of symbols) {
      if (signal(symbol) < parameters.oversold && !held.some((trade) => trade.symbol === symbol)) {
        buy(account, symbol, bar(symbol).open, session.open, (equity * positionPercent) / 100n);
      }
    }

    for (const trade of openTrades(account)) hold(trade, bar(trade.symbol).low, bar(trade.symbol).high);
    equity = equityOf(account, (symbol) => bar(symbol).close);
    points.push({ time: session.close, equity, cash: account.cash });
  }
  return { trades: account.trades, points };
}
