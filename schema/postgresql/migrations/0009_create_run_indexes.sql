-- Indexes of simulation_runs, each for a query of schema/postgresql/queries (the number in brackets).
-- The rankings say NULLS LAST because the queries must: a plain DESC would show undefined ratios first.

CREATE INDEX simulation_runs_by_sharpe ON simulation_runs (sharpe_ratio DESC NULLS LAST, run_id)
  WHERE status = 'completed';  -- [01]
CREATE INDEX simulation_runs_by_return ON simulation_runs (total_return DESC NULLS LAST, run_id)
  WHERE status = 'completed';  -- [01] ranked by return
CREATE INDEX simulation_runs_by_algorithm
  ON simulation_runs (algorithm_name, algorithm_version, sharpe_ratio DESC NULLS LAST)
  WHERE status = 'completed';  -- [07]
CREATE UNIQUE INDEX simulation_runs_by_sweep ON simulation_runs (sweep_id, trial_no)
  WHERE sweep_id IS NOT NULL;  -- [08], and no trial is run twice
CREATE INDEX simulation_runs_in_progress ON simulation_runs (status, queued_at)
  WHERE status IN ('queued', 'running');  -- [10] the queue
CREATE INDEX simulation_runs_by_created_at ON simulation_runs (created_at DESC);  -- [10] outcomes by day
-- Not unique: the same configuration may be run again.
CREATE INDEX simulation_runs_by_config ON simulation_runs (config_hash);
