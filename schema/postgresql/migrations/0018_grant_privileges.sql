-- Rights on what exists, table by table. SELECT came with the default privileges of 0001: on tables, views and
-- partitions, so that trading_user can also run pg_dump, which reads each partition by itself.
-- Nobody but the owner may change the schema or TRUNCATE; partitions are written through their parents alone.

GRANT INSERT, UPDATE, DELETE ON simulation_runs, trades, positions, equity_points TO trading_user;
GRANT USAGE ON SEQUENCE simulation_runs_run_id_seq TO trading_user;
