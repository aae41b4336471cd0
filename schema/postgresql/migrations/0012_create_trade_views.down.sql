DROP VIEW v_run_symbol_stats;
