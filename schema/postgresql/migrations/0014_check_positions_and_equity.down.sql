DROP VIEW v_check_equity_curve;
DROP VIEW v_check_position_values;
DROP VIEW v_check_equity_identity;
DROP VIEW v_check_positions;
