import type { Trade } from "./account.ts";
import { type Amount, sum, toNumber } from "./amount.ts";
import type { EquityPoint } from "./backtest.ts";

/** What the metrics need to know of a run. */
export interface RunTerms {
  startingEquity: Amount;
  periodStart: Date;
  periodEnd: Date;
  periodsPerYear: number;
  /** Fraction a year. */
  riskFreeRate: number;
}

const millisecondsInAYear = 365.25 * 86_400_000;

/** The metrics of simulation_runs that follow from the equity curve, by column. Durations are in milliseconds. */
export function equityMetrics(terms: RunTerms, trades: readonly Trade[], points: readonly EquityPoint[]) {
  const ending = points.at(-1)?.equity ?? terms.startingEquity;
  const growth = toNumber(ending) / toNumber(terms.startingEquity);
  const curve = [terms.startingEquity, ...points.map((point) => point.equity)].map(toNumber);
  const riskFree = (1 + terms.riskFreeRate) ** (1 / terms.periodsPerYear) - 1;
  const excess = points.map((_, index) => Number(curve[index + 1]) / Number(curve[index]) - 1 - riskFree);
  const average = mean(excess);
  const variance = excess.reduce((total, each) => total + (each - average) ** 2, 0) / (excess.length - 1);
  const downside = mean(excess.map((each) => Math.min(each, 0) ** 2));
  const cagr = growth ** (millisecondsInAYear / (terms.periodEnd.getTime() - terms.periodStart.getTime())) - 1;
  const drawdown = drawdowns(terms, points);
  return {
    ending_equity: ending,
    net_profit: ending - terms.startingEquity,
    total_return: growth - 1,
    cagr,
    annual_volatility: Math.sqrt(variance * terms.periodsPerYear),
    sharpe_ratio: (average / Math.sqrt(variance)) * Math.sqrt(terms.periodsPerYear),
    sortino_ratio: (average / Math.sqrt(downside)) * Math.sqrt(terms.periodsPerYear),
    calmar_ratio: cagr / drawdown.deepest,
    max_drawdown: drawdown.deepest,
    max_drawdown_duration: drawdown.longest,
    exposure_time: mean(exposed(terms, trades, points).map(Number)),
    turnover: toNumber(sum(trades.map(tradedNotional))) / mean(curve.slice(1)),
  };
}

/** Deepest as a positive fraction; longest from a peak, under water, to recovery or to the end of the period. */
function drawdowns(terms: RunTerms, points: readonly EquityPoint[]) {
  let peak = { time: terms.periodStart, equity: terms.startingEquity };
  let deepest = 0;
  let longest = 0;
  let underWater = false;
  const measure = (until: Date) => {
    if (underWater) longest = Math.max(longest, until.getTime() - peak.time.getTime());
  };
  for (const point of points) {
    if (point.equity >= peak.equity) {
      measure(point.time);
      peak = point;
      underWater = false;
    } else {
      deepest = Math.max(deepest, 1 - toNumber(point.equity) / toNumber(peak.equity));
      underWater = true;
    }
  }
  measure(terms.periodEnd);
  return { deepest, longest };
}

/** For each period, from one equity point to the next, whether some trade was open in it. */
function exposed(terms: RunTerms, trades: readonly Trade[], points: readonly EquityPoint[]): boolean[] {
  return points.map((point, index) => {
    const start = points[index - 1]?.time ?? terms.periodStart;
    return trades.some(
      (trade) => trade.entryTime < point.time && (trade.exit === undefined || trade.exit.time > start),
    );
  });
}

function tradedNotional(trade: Trade): Amount {
  return trade.quantity * (trade.entryPrice + (trade.exit?.price ?? 0n));
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
