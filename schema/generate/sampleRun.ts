import { parseAmount } from "./amount.ts";
import { backtest } from "./backtest.ts";
import { sessions } from "./calendar.ts";
import { type Configuration, type Simulator, readConfiguration } from "./configuration.ts";
import { equityMetrics } from "./equityMetrics.ts";
import { type Bar, dailyBars } from "./prices.ts";
import { normalNumbers } from "./random.ts";
import { type Row, equityRows, positionRows, tradeRows } from "./rows.ts";
import { insertRow, insertRowsOfRun, interval, quote } from "./sql.ts";
import { tradeMetrics } from "./tradeMetrics.ts";

/** A UUID of version 7, made of the time that the run was asked for. */
const runUid = "01943bea-5300-7000-8000-000000000001";

/**
 * The dev seed: one finished run of the sample configuration in schema/mongodb/seeds/dev, as SQL.
 * Prices are invented, from the configuration's random_seed. All else is simulated from them, so that trades,
 * positions, equity and metrics agree. Equal seeds give equal text, byte for byte.
 */
export function sampleRun(): string {
  const { configuration, simulator } = readConfiguration();
  const { universe, period, parameters } = configuration;
  const history = sessions("2022-10-20", "2022-12-01");
  const future = sessions("2022-12-02", "2024-12-31");
  const market = { sessions: [...history, ...future], warmup: period.warmup_bars };
  const normal = normalNumbers(configuration.random_seed);
  const bars = dailyBars(universe.symbols, history.length, future.length, normal);
  const terms = {
    startingEquity: parseAmount(configuration.account.starting_balance.$numberDecimal),
    periodStart: new Date(period.start.$date),
    periodEnd: new Date(period.end.$date),
    periodsPerYear: configuration.periods_per_year,
    riskFreeRate: configuration.risk_free_rate,
  };
  const { trades, points } = backtest(
    { ...market, bars },
    parameters,
    costsOf(configuration, simulator),
    terms.startingEquity,
  );
  const equity = equityMetrics(terms, trades, points);
  const closed = tradeMetrics(trades);
  const lastClose = (symbol: string) => (bars[symbol]?.at(-1) as Bar).close;

  return [
    "-- A finished run to look at: three funds, two years, invented prices.",
    "-- Made by schema/generate/writeSampleRun.ts; a test makes it again and compares.\n",
    insertRow("simulation_runs", {
      ...describe(configuration, simulator),
      ...equity,
      max_drawdown_duration: interval(equity.max_drawdown_duration),
      ...closed,
      avg_holding_time: interval(closed.avg_holding_time),
    }),
    insertRowsOfRun("trades", runUid, tradeRows(trades)),
    insertRowsOfRun("positions", runUid, positionRows(trades, terms.periodEnd, lastClose)),
    insertRowsOfRun("equity_points", runUid, equityRows(points)),
  ].join("\n");
}

function costsOf({ overrides }: Configuration, { fee_model }: Simulator) {
  return {
    slippageBasisPoints: overrides.slippage_model.value,
    commissionPerShare: parseAmount(fee_model.per_unit.$numberDecimal),
    commissionMinimum: parseAmount(fee_model.min_per_order.$numberDecimal),
  };
}

/** What was run: the columns of simulation_runs that are no metrics. */
function describe(configuration: Configuration, simulator: Simulator): Row {
  const { algorithm, universe, data, period } = configuration;
  return {
    run_uid: quote(runUid),
    name: quote("Sample: RSI mean reversion on SPY, QQQ, TLT"),
    description: quote("Synthetic prices: shows what a finished run looks like, and nothing about markets."),
    run_type: quote("backtest"),
    status: quote("completed"),
    tags: quote(`{${configuration.tags.join(",")}}`),
    created_by: quote("sample"),
    config_id: quote(configuration._id),
    config_hash: quote(configuration.config_hash),
    algorithm_name: quote(algorithm.name),
    algorithm_version: quote(algorithm.version),
    algorithm_hash: quote(algorithm.content_hash),
    simulator_name: quote(configuration.simulator.name),
    simulator_version: quote(configuration.simulator.version),
    simulator_hash: quote(configuration.simulator.content_hash),
    engine_version: quote("2.0.0"),
    dataset_version: quote(data.dataset_version),
    random_seed: configuration.random_seed,
    simulator_overrides: quote(JSON.stringify(configuration.overrides)),
    parameters: quote(JSON.stringify(configuration.parameters)),
    symbols: quote(`{${universe.symbols.join(",")}}`),
    timeframe: quote(data.timeframe),
    period_start: new Date(period.start.$date),
    period_end: new Date(period.end.$date),
    account_currency: quote(configuration.account.currency),
    account_type: quote(simulator.account.type),
    starting_equity: parseAmount(configuration.account.starting_balance.$numberDecimal),
    periods_per_year: configuration.periods_per_year,
    risk_free_rate: configuration.risk_free_rate,
    benchmark: quote(configuration.benchmark),
    queued_at: new Date("2025-01-06T14:00:00Z"),
    started_at: new Date("2025-01-06T14:00:02Z"),
    finished_at: new Date("2025-01-06T14:00:09Z"),
  };
}
