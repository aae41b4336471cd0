DROP VIEW v_closed_trade_equity;
DROP VIEW v_equity_curve;
