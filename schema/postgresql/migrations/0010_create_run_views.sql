-- What people ask of runs: the ranking, one run, one algorithm's versions.
-- Views run with the rights of their owner, so a role needs SELECT on the view alone.

-- Without a column for the rank: a window over all runs, inside the view, would keep the planner from its indexes.
CREATE VIEW v_leaderboard AS
SELECT
  run_id, run_uid, name, algorithm_name, algorithm_version, symbols, timeframe, period_start, period_end,
  periods_per_year, sharpe_ratio, sortino_ratio, calmar_ratio, total_return, cagr, annual_volatility, max_drawdown,
  total_trades, win_rate, profit_factor, finished_at
FROM simulation_runs
WHERE status = 'completed';
COMMENT ON VIEW v_leaderboard IS
  'Completed runs with what they are ranked by. Order by a metric DESC NULLS LAST. Compare only rows of equal periods_per_year, and mind total_trades: few trades prove little.';

CREATE VIEW v_run_summary AS
SELECT
  run_id, run_uid, name, run_type, status,
  algorithm_name || '@' || algorithm_version AS algorithm,
  simulator_name || '@' || simulator_version AS simulator, simulator_overrides,
  config_id, parameters, symbols, timeframe, period_start, period_end,
  round(extract(epoch FROM period_end - period_start) / (365.25 * 86400), 2) AS years,
  account_currency, starting_equity, ending_equity, net_profit, total_return, cagr,
  periods_per_year, risk_free_rate, annual_volatility, sharpe_ratio, sortino_ratio, calmar_ratio,
  max_drawdown, max_drawdown_duration, exposure_time, turnover,
  total_trades, winning_trades, losing_trades, breakeven_trades, open_trades, win_rate, profit_factor, payoff_ratio,
  expectancy, avg_win, avg_loss, largest_win, largest_loss, max_consecutive_wins, max_consecutive_losses, avg_holding_time,
  realized_net_pnl, gross_profit, gross_loss, total_commission, total_slippage, total_financing, extra_metrics,
  queued_at, started_at, finished_at, finished_at - started_at AS wall_time, error_type, error_message
FROM simulation_runs;
COMMENT ON VIEW v_run_summary IS 'One run on one row, in the order in which people read it. years = length of the period in years of 365.25 days; wall_time = finished_at - started_at.';

CREATE VIEW v_version_comparison AS
SELECT
  algorithm_name, algorithm_version, run_type, symbols, timeframe, period_start, period_end,
  simulator_name, simulator_version, simulator_hash, simulator_overrides, dataset_version,
  account_currency, account_type, starting_equity, periods_per_year, risk_free_rate, parameters,
  count(*) AS runs,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY sharpe_ratio) AS median_sharpe_ratio,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY total_return) AS median_total_return,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY max_drawdown) AS median_max_drawdown,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY total_trades) AS median_total_trades,
  -- The order of semantic versions, in which 1.10.0 follows 1.9.0, and 1.0.0 follows 1.0.0-rc.1. The parts are texts:
  -- a number after its length, padded with spaces, is below words, and ~, for a release, is above them.
  ARRAY(
    SELECT CASE WHEN part ~ '^[0-9]+$' THEN lpad(length(part)::text, 4) || part ELSE part END COLLATE "C"
    FROM split_part(algorithm_version, '+', 1) AS core,
      unnest(string_to_array(regexp_replace(CASE WHEN core LIKE '%-%' THEN core ELSE core || '-~' END, '-', '.'), '.')) AS part
  ) AS version_sort
FROM simulation_runs
WHERE status = 'completed'
GROUP BY
  algorithm_name, algorithm_version, run_type, symbols, timeframe, period_start, period_end,
  simulator_name, simulator_version, simulator_hash, simulator_overrides, dataset_version,
  account_currency, account_type, starting_equity, periods_per_year, risk_free_rate, parameters;
COMMENT ON VIEW v_version_comparison IS
  'Medians of completed runs by algorithm version, among runs of equal type, symbols, timeframe, period, simulator with overrides, data, account, annualisation and parameters; engine and random seed may differ. Order by version_sort.';
