-- Is a newer version of an algorithm better, all else being equal?
-- Each row compares with the version before it in the same setting; a setting that one version alone ran is left out.
-- :'algorithm_name'
SELECT
  run_type, symbols, timeframe, period_start, period_end, simulator_name, simulator_version, simulator_overrides,
  dataset_version, account_currency, account_type, starting_equity, periods_per_year, risk_free_rate, parameters,
  algorithm_version, runs,
  median_sharpe_ratio, sharpe_change, median_total_return, return_change, median_max_drawdown, median_total_trades
FROM (
  SELECT
    *,
    count(*) OVER setting AS versions,
    median_sharpe_ratio - lag(median_sharpe_ratio) OVER by_version AS sharpe_change,
    median_total_return - lag(median_total_return) OVER by_version AS return_change
  FROM v_version_comparison
  WHERE algorithm_name = :'algorithm_name'
  WINDOW
    setting AS (
      PARTITION BY run_type, symbols, timeframe, period_start, period_end, simulator_name, simulator_version,
        simulator_hash, simulator_overrides, dataset_version, account_currency, account_type, starting_equity,
        periods_per_year, risk_free_rate, parameters),
    by_version AS (setting ORDER BY version_sort, algorithm_version)
) AS comparison
WHERE versions > 1
ORDER BY
  run_type, symbols, timeframe, period_start, period_end, simulator_name, simulator_version, simulator_hash,
  simulator_overrides, dataset_version, account_currency, account_type, starting_equity, periods_per_year,
  risk_free_rate, parameters, version_sort, algorithm_version;
