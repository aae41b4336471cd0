-- How does Sharpe depend on two parameters of a sweep? One row for each cell of the heat map.
-- :'sweep_id'  :'row_parameter' (slow_period)  :'column_parameter' (fast_period)
SELECT
  (parameters ->> :'row_parameter')::numeric AS row_value,
  (parameters ->> :'column_parameter')::numeric AS column_value,
  count(*) AS runs,
  avg(sharpe_ratio) AS sharpe_ratio,
  avg(total_return) AS total_return,
  max(max_drawdown) AS max_drawdown
FROM simulation_runs
WHERE sweep_id = :'sweep_id' AND status = 'completed'
GROUP BY row_value, column_value
ORDER BY row_value, column_value;
