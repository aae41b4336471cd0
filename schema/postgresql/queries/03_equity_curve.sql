-- How did equity and drawdown of a run develop?
-- :run_id
SELECT ts, equity, cash, period_return, peak, drawdown
FROM v_equity_curve
WHERE run_id = :run_id
ORDER BY ts;
