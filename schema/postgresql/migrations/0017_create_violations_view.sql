-- All invariants at a glance. The report v_report_drawdown is not among them: it breaks no rule.

CREATE VIEW v_violations AS
SELECT 'v_check_trade_counts' AS check_name, count(*) AS violations FROM v_check_trade_counts
UNION ALL SELECT 'v_check_trade_money', count(*) FROM v_check_trade_money
UNION ALL SELECT 'v_check_derived_ratios', count(*) FROM v_check_derived_ratios
UNION ALL SELECT 'v_check_positions', count(*) FROM v_check_positions
UNION ALL SELECT 'v_check_equity_identity', count(*) FROM v_check_equity_identity
UNION ALL SELECT 'v_check_position_values', count(*) FROM v_check_position_values
UNION ALL SELECT 'v_check_equity_curve', count(*) FROM v_check_equity_curve
UNION ALL SELECT 'v_check_trade_arithmetic', count(*) FROM v_check_trade_arithmetic
UNION ALL SELECT 'v_check_trade_sequence', count(*) FROM v_check_trade_sequence
UNION ALL SELECT 'v_check_times', count(*) FROM v_check_times
UNION ALL SELECT 'v_check_status', count(*) FROM v_check_status
UNION ALL SELECT 'v_check_symbols', count(*) FROM v_check_symbols
UNION ALL SELECT 'v_check_determinism', count(*) FROM v_check_determinism
UNION ALL SELECT 'v_check_number_types', count(*) FROM v_check_number_types
UNION ALL SELECT 'v_check_partitions', count(*) FROM v_check_partitions;
COMMENT ON VIEW v_violations IS 'Number of violations by check; each check is a view of that name which lists them. All zero means that the data agree.';
