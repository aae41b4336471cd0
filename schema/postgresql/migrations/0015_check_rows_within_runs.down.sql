DROP VIEW v_check_symbols;
DROP VIEW v_check_status;
DROP VIEW v_check_times;
DROP VIEW v_check_trade_sequence;
DROP VIEW v_report_drawdown;
DROP VIEW v_check_trade_arithmetic;
