import { type Amount, fromCents, sum } from "./amount.ts";
import { type Costs, commission, fillPrice } from "./costs.ts";

export type ExitReason = "signal" | "time_stop";

/** A round trip, long only. Without `exit` it is still open. */
export interface Trade {
  symbol: string;
  /** Whole shares. */
  quantity: bigint;
  entryTime: Date;
  entryPrice: Amount;
  commission: Amount;
  slippage: Amount;
  /** Lowest and highest price while open. */
  lowest: Amount;
  highest: Amount;
  /** Closes that it has been held over. */
  bars: number;
  exit?: { time: Date; price: Amount; reason: ExitReason };
}

/** A cash account: it buys and sells whole lots, and knows what it paid. */
export interface Account {
  readonly costs: Costs;
  cash: Amount;
  /** In order of entry. */
  trades: Trade[];
}

export function openTrades(account: Account): Trade[] {
  return account.trades.filter((trade) => trade.exit === undefined);
}

/** Buys as many shares as `budget` pays for. Does nothing where cash is short. */
export function buy(account: Account, symbol: string, marketCents: number, time: Date, budget: Amount): void {
  const price = fillPrice(marketCents, "buy", account.costs);
  const quantity = budget / price;
  const fee = commission(quantity, account.costs);
  if (quantity === 0n || price * quantity + fee > account.cash) return;
  account.cash -= price * quantity + fee;
  account.trades.push({
    symbol,
    quantity,
    entryTime: time,
    entryPrice: price,
    commission: fee,
    slippage: (price - fromCents(marketCents)) * quantity,
    lowest: price,
    highest: price,
    bars: 0,
  });
}

export function sell(account: Account, trade: Trade, marketCents: number, time: Date, reason: ExitReason): void {
  const price = fillPrice(marketCents, "sell", account.costs);
  const fee = commission(trade.quantity, account.costs);
  account.cash += price * trade.quantity - fee;
  trade.commission += fee;
  trade.slippage += (fromCents(marketCents) - price) * trade.quantity;
  trade.exit = { time, price, reason };
  stretch(trade, price, price);
}

/** Takes note of a bar that the trade was open in. */
export function hold(trade: Trade, lowCents: number, highCents: number): void {
  stretch(trade, fromCents(lowCents), fromCents(highCents));
  trade.bars += 1;
}

/** Cash and what the open trades are worth. */
export function equityOf(account: Account, priceCents: (symbol: string) => number): Amount {
  return account.cash + sum(openTrades(account).map((trade) => fromCents(priceCents(trade.symbol)) * trade.quantity));
}

function stretch(trade: Trade, low: Amount, high: Amount): void {
  if (low < trade.lowest) trade.lowest = low;
  if (high > trade.highest) trade.highest = high;
}
