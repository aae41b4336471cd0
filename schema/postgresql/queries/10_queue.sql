-- What is waiting or running, for how long, and which runs seem stuck?
-- :'stuck_after' (an interval: 2 hours)
SELECT
  status, run_id, run_uid, name, algorithm_name, algorithm_version, queued_at, started_at,
  now() - coalesce(started_at, queued_at) AS age,
  status = 'running' AND started_at < now() - :'stuck_after'::interval AS stuck
FROM simulation_runs
WHERE status IN ('queued', 'running')
ORDER BY status, queued_at;
