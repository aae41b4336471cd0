REVOKE USAGE ON SEQUENCE simulation_runs_run_id_seq FROM trading_user;
REVOKE INSERT, UPDATE, DELETE ON simulation_runs, trades, positions, equity_points FROM trading_user;
