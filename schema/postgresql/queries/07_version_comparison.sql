-- Is a newer version of an algorithm better, all else being equal?
-- Each row compares with the version before it in the same setting; a setting that one version alone ran is left out.
-- :'algorithm_name'
SELECT
  symbols, timeframe, period_start, period_end, parameters, algorithm_version, runs,
  median_sharpe_ratio,
  median_sharpe_ratio - lag(median_sharpe_ratio) OVER by_version AS sharpe_change,
  median_total_return,
  median_total_return - lag(median_total_return) OVER by_version AS return_change,
  median_max_drawdown,
  median_total_trades
FROM (
  SELECT *, count(*) OVER setting AS versions
  FROM v_version_comparison
  WHERE algorithm_name = :'algorithm_name'
  WINDOW setting AS (
    PARTITION BY symbols, timeframe, period_start, period_end, simulator_name, simulator_version, dataset_version,
      account_currency, starting_equity, periods_per_year, risk_free_rate, parameters)
) AS comparison
WHERE versions > 1
WINDOW by_version AS (
  PARTITION BY symbols, timeframe, period_start, period_end, simulator_name, simulator_version, dataset_version,
    account_currency, starting_equity, periods_per_year, risk_free_rate, parameters
  ORDER BY version_sort, algorithm_version)
ORDER BY symbols, timeframe, period_start, period_end, parameters, version_sort, algorithm_version;
