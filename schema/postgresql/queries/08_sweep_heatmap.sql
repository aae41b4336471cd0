-- How does Sharpe depend on two parameters of a sweep? One row for each cell of the heat map.
-- A parameter may be a number, a choice or a flag: jsonb orders numbers by size, and texts as texts.
-- :'sweep_id'  :'row_parameter' (slow_period)  :'column_parameter' (fast_period)
SELECT
  trial.row_value #>> '{}' AS row_value,
  trial.column_value #>> '{}' AS column_value,
  count(*) AS runs,
  avg(sharpe_ratio) AS sharpe_ratio,
  avg(total_return) AS total_return,
  max(max_drawdown) AS max_drawdown
FROM (
  SELECT *, parameters -> :'row_parameter' AS row_value, parameters -> :'column_parameter' AS column_value
  FROM simulation_runs
  WHERE sweep_id = :'sweep_id' AND status = 'completed'
) AS trial
GROUP BY trial.row_value, trial.column_value
ORDER BY trial.row_value, trial.column_value;
