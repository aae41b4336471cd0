/**
 * The metrics of a run, computed from its rows by the definitions in the comments of simulation_runs, word for word and
 * without regard to speed. Shares nothing with the generator of the sample run, which it is here to check.
 */

/** A row as text, by column, as the database would print it; null where it is NULL. */
export type TextRow = Record<string, string | null>;

/** Money in integers of 1e-8; counts, ratios, and durations in microseconds as numbers; null where undefined. */
export type Metrics = Record<string, bigint | number | null>;

/** @param points in order of time. */
export function metricsByDefinition(run: TextRow, trades: TextRow[], points: TextRow[]): Metrics {
  return { ...curveMetrics(run, trades, points), ...tradeMetrics(trades) };
}

function curveMetrics(run: TextRow, trades: TextRow[], points: TextRow[]): Metrics {
  const v0 = money(run.starting_equity);
  const vn = money(points.at(-1)?.equity);
  const v = [v0, ...points.map((point) => money(point.equity))].map((value) => Number(value) / 1e8);
  const t = [run.period_start, ...points.map((point) => point.ts)].map(time);
  const n = points.length;
  const perYear = Number(run.periods_per_year);
  const rf = Math.pow(1 + Number(run.risk_free_rate), 1 / perYear) - 1;

  const r = range(1, n).map((i) => at(v, i) / at(v, i - 1) - 1);
  const excess = r.map((each) => each - rf);
  const volatility = deviation(r) * Math.sqrt(perYear);
  const below = Math.sqrt(total(excess.map((each) => (each < 0 ? each * each : 0))) / n);
  const years = (time(run.period_end) - time(run.period_start)) / 1e6 / (365.25 * 86400);
  const growth = vn > 0n ? Math.pow(at(v, n) / at(v, 0), 1 / years) : null;
  const cagr = growth === null || growth === Infinity ? null : growth - 1;
  const drawdown = Math.max(...range(1, n).map((i) => 1 - at(v, i) / Math.max(...v.slice(0, i + 1))));

  const fills = trades.flatMap((trade) => {
    const size = Number(trade.quantity) * Number(trade.multiplier ?? 1) * Number(trade.fx_rate ?? 1);
    return [trade.entry_price, trade.exit_price].map((price) => Math.abs(size * Number(price ?? 0)));
  });
  const isOpen = (trade: TextRow, from: number, to: number) =>
    time(trade.entry_time) < to && (!isClosed(trade) || time(trade.exit_time) > from);
  const exposed = range(1, n).filter((i) => trades.some((trade) => isOpen(trade, at(t, i - 1), at(t, i))));
  return {
    ending_equity: vn,
    net_profit: vn - v0,
    total_return: at(v, n) / at(v, 0) - 1,
    cagr,
    annual_volatility: n < 2 ? null : volatility,
    sharpe_ratio: n < 2 ? null : over(mean(excess) * Math.sqrt(perYear), deviation(excess)),
    sortino_ratio: over(mean(excess) * Math.sqrt(perYear), below),
    max_drawdown: Math.max(drawdown, 0),
    calmar_ratio: cagr === null ? null : over(cagr, Math.max(drawdown, 0)),
    max_drawdown_duration: Math.max(0, ...underWater(v, t, time(run.period_end))),
    exposure_time: exposed.length / n,
    turnover: total(fills) / mean(v.slice(1)),
  };
}

/** For each point below the peak before it: the time from that peak (its last point) to the recovery, or to the end. */
function underWater(v: number[], t: number[], end: number): number[] {
  return range(1, v.length - 1).flatMap((i) => {
    const peak = Math.max(...v.slice(0, i));
    if (at(v, i) >= peak) return [];
    const recovery = v.findIndex((value, j) => j > i && value >= peak);
    return [(recovery === -1 ? end : at(t, recovery)) - at(t, v.lastIndexOf(peak, i))];
  });
}

function tradeMetrics(trades: TextRow[]): Metrics {
  const closed = trades.filter(isClosed);
  const net = (trade: TextRow) => money(trade.gross_pnl) - money(trade.commission) + money(trade.financing ?? "0");
  const profits = closed.map(net).filter((pnl) => pnl > 0n);
  const losses = closed.map(net).filter((pnl) => pnl < 0n);
  const profit = profits.reduce((a, b) => a + b, 0n);
  const loss = losses.reduce((a, b) => a + b, 0n);
  const order = [...closed].sort(
    (a, b) => time(a.exit_time) - time(b.exit_time) || Number(a.trade_seq) - Number(b.trade_seq),
  );
  const outcomes = order.map((trade) => (net(trade) > 0n ? "W" : net(trade) < 0n ? "L" : "-")).join("");
  const longest = (letter: string) =>
    Math.max(0, ...outcomes.split(new RegExp(`[^${letter}]`)).map((run) => run.length));
  const sumOf = (column: string) => trades.reduce((sum, trade) => sum + money(trade[column] ?? "0"), 0n);
  const averageWin = over(Number(profit), profits.length);
  const averageLoss = over(-Number(loss), losses.length);
  return {
    total_trades: closed.length,
    winning_trades: profits.length,
    losing_trades: losses.length,
    breakeven_trades: closed.length - profits.length - losses.length,
    open_trades: trades.length - closed.length,
    realized_net_pnl: profit + loss,
    gross_profit: profit,
    gross_loss: loss,
    win_rate: over(profits.length, closed.length),
    profit_factor: over(Number(profit), -Number(loss)),
    payoff_ratio: averageWin === null || averageLoss === null ? null : averageWin / averageLoss,
    avg_win: average(profit, profits.length),
    avg_loss: average(loss, losses.length),
    expectancy: average(profit + loss, closed.length),
    largest_win: profits.reduce<bigint | null>((a, b) => (a === null || b > a ? b : a), null),
    largest_loss: losses.reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null),
    max_consecutive_wins: longest("W"),
    max_consecutive_losses: longest("L"),
    avg_holding_time: over(total(closed.map((trade) => time(trade.exit_time) - time(trade.entry_time))), closed.length),
    total_commission: sumOf("commission"),
    total_slippage: sumOf("slippage_cost"),
    total_financing: sumOf("financing"),
  };
}

function isClosed(trade: TextRow): boolean {
  return typeof trade.exit_time === "string";
}

/** @returns integers of 1e-8. */
export function money(text: string | null | undefined): bigint {
  const [, sign, whole, decimals = ""] = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text ?? "") ?? [];
  if (whole === undefined) throw new Error(`"${text}" is not an amount.`);
  return BigInt(`${sign}${whole}${decimals.padEnd(8, "0")}`);
}

/** @returns microseconds since 1970. */
function time(text: string | null | undefined): number {
  return Date.parse(text ?? "") * 1000;
}

/** Money over a count, rounded to 8 decimals, half away from zero; null for a count of 0. */
function average(sum: bigint, count: number): bigint | null {
  if (count === 0) return null;
  const twice = 2n * (sum < 0n ? -sum : sum);
  const rounded = (twice + BigInt(count)) / (2n * BigInt(count));
  return sum < 0n ? -rounded : rounded;
}

function over(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}

function deviation(values: number[]): number {
  const centre = mean(values);
  return Math.sqrt(total(values.map((value) => (value - centre) ** 2)) / (values.length - 1));
}

function mean(values: number[]): number {
  return total(values) / values.length;
}

function total(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** first, first + 1 ... last. */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function at(values: number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`There is no value ${index} among ${values.length}.`);
  return value;
}
