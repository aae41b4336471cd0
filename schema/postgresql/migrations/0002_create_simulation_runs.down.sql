-- migrate: allow drop-table: the way back of the migration that made it; all runs go with it

DROP TABLE simulation_runs;
