-- Indexes of simulation_runs, each for a query of schema/postgresql/queries (the number in brackets).
-- The rankings say NULLS LAST because the queries must: a plain DESC would show undefined ratios first.
-- They begin with periods_per_year because only runs of one compare.

CREATE INDEX simulation_runs_by_sharpe ON simulation_runs (periods_per_year, sharpe_ratio DESC NULLS LAST, run_id)
  WHERE status = 'completed';  -- [01]
CREATE INDEX simulation_runs_by_return ON simulation_runs (periods_per_year, total_return DESC NULLS LAST, run_id)
  WHERE status = 'completed';  -- [01]
CREATE INDEX simulation_runs_by_calmar ON simulation_runs (periods_per_year, calmar_ratio DESC NULLS LAST, run_id)
  WHERE status = 'completed';  -- [01]
CREATE INDEX simulation_runs_by_algorithm
  ON simulation_runs (algorithm_name, algorithm_version, sharpe_ratio DESC NULLS LAST)
  WHERE status = 'completed';  -- [07]
-- [08], and no trial counts twice; one that failed can be repeated.
CREATE UNIQUE INDEX simulation_runs_by_sweep ON simulation_runs (sweep_id, trial_no)
  WHERE sweep_id IS NOT NULL AND status NOT IN ('failed', 'cancelled');
CREATE INDEX simulation_runs_in_progress ON simulation_runs (status, queued_at)
  WHERE status IN ('queued', 'running');  -- [10] the queue
CREATE INDEX simulation_runs_by_created_at ON simulation_runs (created_at DESC);  -- [10] outcomes by day
-- "Which runs had this configuration?" Not unique: it may be run again.
CREATE INDEX simulation_runs_by_config ON simulation_runs (config_hash);
