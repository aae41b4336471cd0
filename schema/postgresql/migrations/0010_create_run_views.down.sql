DROP VIEW v_version_comparison;
DROP VIEW v_run_summary;
DROP VIEW v_leaderboard;
