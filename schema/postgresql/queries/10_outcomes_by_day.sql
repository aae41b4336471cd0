-- How many runs were made each day (UTC), how did they end, and what made them fail?
-- :'since' (a date)
SELECT
  date_trunc('day', created_at, 'UTC') AS day,
  status,
  error_type,
  count(*) AS runs,
  avg(finished_at - started_at) AS avg_wall_time
FROM simulation_runs
WHERE created_at >= :'since'::timestamptz
GROUP BY day, status, error_type
ORDER BY day DESC, status, runs DESC;
