import type { Trade } from "./account.ts";
import { type Amount, divide, sum, toNumber } from "./amount.ts";

export interface ClosedTrade extends Trade {
  exit: NonNullable<Trade["exit"]>;
}

export function isClosed(trade: Trade): trade is ClosedTrade {
  return trade.exit !== undefined;
}

/** P&L of the price move alone. */
export function grossPnl(trade: ClosedTrade): Amount {
  return (trade.exit.price - trade.entryPrice) * trade.quantity;
}

export function netPnl(trade: ClosedTrade): Amount {
  return grossPnl(trade) - trade.commission;
}

/**
 * The metrics of simulation_runs that follow from the trades, by column. Durations are in milliseconds.
 * The sample wins and loses; a run without either would need NULLs here.
 */
export function tradeMetrics(trades: readonly Trade[]) {
  const closed = trades.filter(isClosed);
  const pnl = closed.map(netPnl);
  const wins = pnl.filter((each) => each > 0n);
  const losses = pnl.filter((each) => each < 0n);
  const profit = sum(wins);
  const loss = sum(losses);
  const inOrderOfExit = closed.toSorted((a, b) => a.exit.time.getTime() - b.exit.time.getTime()).map(netPnl);
  const held = closed.reduce((total, trade) => total + trade.exit.time.getTime() - trade.entryTime.getTime(), 0);
  return {
    total_trades: closed.length,
    winning_trades: wins.length,
    losing_trades: losses.length,
    breakeven_trades: closed.length - wins.length - losses.length,
    open_trades: trades.length - closed.length,
    realized_net_pnl: profit + loss,
    gross_profit: profit,
    gross_loss: loss,
    win_rate: wins.length / closed.length,
    profit_factor: toNumber(profit) / -toNumber(loss),
    avg_win: divide(profit, BigInt(wins.length)),
    avg_loss: divide(loss, BigInt(losses.length)),
    payoff_ratio: toNumber(profit) / wins.length / (-toNumber(loss) / losses.length),
    expectancy: divide(profit + loss, BigInt(closed.length)),
    largest_win: wins.reduce((most, each) => (each > most ? each : most)),
    largest_loss: losses.reduce((least, each) => (each < least ? each : least)),
    max_consecutive_wins: longestSeries(inOrderOfExit.map((each) => each > 0n)),
    max_consecutive_losses: longestSeries(inOrderOfExit.map((each) => each < 0n)),
    avg_holding_time: held / closed.length,
    total_commission: sum(trades.map((trade) => trade.commission)),
    total_slippage: sum(trades.map((trade) => trade.slippage)),
    total_financing: 0n,
  };
}

function longestSeries(flags: readonly boolean[]): number {
  let current = 0;
  return Math.max(...flags.map((flag) => (current = flag ? current + 1 : 0)));
}
