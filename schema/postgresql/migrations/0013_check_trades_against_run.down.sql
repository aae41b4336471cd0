DROP VIEW v_check_derived_ratios;
DROP VIEW v_check_trade_money;
DROP VIEW v_check_trade_counts;
