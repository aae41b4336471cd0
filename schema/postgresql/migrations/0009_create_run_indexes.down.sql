DROP INDEX simulation_runs_by_config;
DROP INDEX simulation_runs_by_created_at;
DROP INDEX simulation_runs_in_progress;
DROP INDEX simulation_runs_by_sweep;
DROP INDEX simulation_runs_by_algorithm;
DROP INDEX simulation_runs_by_calmar;
DROP INDEX simulation_runs_by_return;
DROP INDEX simulation_runs_by_sharpe;
