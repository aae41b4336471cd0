import type pg from "pg";

/** What `loadTrading` makes. */
export const load = {
  /** Runs with trades, positions and equity points; run_id 1 to this. */
  fullRuns: 125,
  tradesOfARun: 8_000,
  pointsOfARun: 504,
  /** Runs with metrics and positions alone: they make the rankings long enough for an index to matter. */
  bareRuns: 20_000,
  symbols: ["SPY", "QQQ", "TLT", "IWM", "GLD"],
  /** Traded by one run in a thousand. */
  rareSymbol: "XAU",
  sweepId: "01941f29-7c00-7000-8000-000000000001",
};

/**
 * A million trades, made inside the server, with every constraint and trigger at work.
 * Numbers are plausible, not consistent: this is for plans and times, not for the invariants.
 */
export async function loadTrading(client: pg.Client): Promise<void> {
  const symbols = `ARRAY['${load.symbols.join("','")}']`;
  await client.query(`
    INSERT INTO simulation_runs (
      run_uid, name, run_type, status, config_id, config_hash, algorithm_name, algorithm_version, algorithm_hash,
      simulator_name, simulator_version, simulator_hash, engine_version, dataset_version, random_seed, parameters,
      sweep_id, trial_no, symbols, timeframe, period_start, period_end, account_currency, account_type, starting_equity,
      periods_per_year, started_at, finished_at, created_at,
      ending_equity, net_profit, total_return, sharpe_ratio, calmar_ratio, max_drawdown, max_drawdown_duration,
      exposure_time, turnover, total_trades, winning_trades, losing_trades, breakeven_trades, open_trades,
      realized_net_pnl, gross_profit, gross_loss, max_consecutive_wins, max_consecutive_losses,
      total_commission, total_slippage, total_financing)
    SELECT
      gen_random_uuid(), 'run ' || i, 'optimization', 'completed', 'a-config', repeat(md5((i / 25)::text), 2),
      'algorithm_' || i % 100, format('1.%s.0', i / 100 % 10), repeat('b', 64),
      'us_equity_daily', '1.0.0', repeat('c', 64), '2.0.0', 'load', 0,
      jsonb_build_object('fast_period', 10 + 10 * (i % 6), 'slow_period', 100 + 50 * (i % 4)),
      CASE WHEN i <= 24 THEN '${load.sweepId}'::uuid END, CASE WHEN i <= 24 THEN i END,
      ${symbols}, '1d', '2015-01-01Z', '2025-01-01Z', 'USD', 'margin', 100000,
      252, now() - interval '1 hour', now(), now() - i * interval '5 minutes',
      100000 + i, i, i / 1e5, CASE WHEN i % 50 > 0 THEN sin(i) * 3 END, cos(i) * 2, abs(sin(i * 7)) / 2, '30 days',
      0.5, 10, 8000, 4000, 4000, 0, 0, i, i, 0, 10, 10, 100, 100, 0
    FROM generate_series(1, ${load.fullRuns + load.bareRuns}) AS i`);
  await client.query(`
    INSERT INTO simulation_runs (run_uid, name, run_type, status, config_id, config_hash, algorithm_name,
      algorithm_version, algorithm_hash, simulator_name, simulator_version, simulator_hash, engine_version,
      dataset_version, random_seed, symbols, timeframe, period_start, period_end, account_currency, account_type,
      starting_equity, periods_per_year, queued_at)
    SELECT gen_random_uuid(), 'waiting ' || i, 'backtest', 'queued', 'a-config', repeat('a', 64), 'sma_crossover',
      '1.1.0', repeat('b', 64), 'us_equity_daily', '1.0.0', repeat('c', 64), '2.0.0', 'load', 0, ${symbols}, '1d',
      '2015-01-01Z', '2025-01-01Z', 'USD', 'cash', 100000, 252, now() - i * interval '1 minute'
    FROM generate_series(1, 100) AS i`);
  await client.query(`
    INSERT INTO trades (run_id, trade_seq, entry_time, exit_time, symbol, direction, quantity, entry_price, exit_price,
      gross_pnl, commission, mae, mfe, exit_reason)
    SELECT run_id, seq, entry, entry + interval '3 hours', (${symbols})[1 + seq % 5],
      CASE WHEN seq % 3 = 0 THEN 'short' ELSE 'long' END, 100, 400 + seq % 50, 401 + seq % 50,
      CASE WHEN seq % 3 = 0 THEN -100 ELSE 100 END, 1, -50, 120, CASE WHEN seq % 4 = 0 THEN 'stop_loss' ELSE 'signal' END
    FROM generate_series(1, ${load.fullRuns}) AS run_id, generate_series(1, ${load.tradesOfARun}) AS seq,
      LATERAL (SELECT '2015-01-02Z'::timestamptz + seq * interval '10 hours' AS entry) AS time`);
  await client.query(`
    INSERT INTO positions (run_id, as_of, trade_count, symbol, quantity, peak_quantity, market_price, cost_basis,
      market_value, realized_pnl, unrealized_pnl, commission, financing)
    SELECT run_id, '2025-01-01Z'::timestamptz, 1600, symbol, 0, 100, 400, 0, 0, 1000, 0, 1600, 0
    FROM generate_series(1, ${load.fullRuns + load.bareRuns}) AS run_id, unnest(${symbols}) AS symbol
    UNION ALL
    SELECT run_id, '2025-01-01Z'::timestamptz, 1, '${load.rareSymbol}', 0, 100, 400, 0, 0, 1000, 0, 1600, 0
    FROM generate_series(1, ${load.fullRuns + load.bareRuns}, 1000) AS run_id`);
  await client.query(`
    INSERT INTO equity_points (run_id, ts, equity, cash)
    SELECT run_id, '2015-01-01Z'::timestamptz + day * interval '7 days', 100000 + 1000 * sin(day), 50000
    FROM generate_series(1, ${load.fullRuns}) AS run_id, generate_series(1, ${load.pointsOfARun}) AS day`);
}
