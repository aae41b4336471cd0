-- Invariants of single rows, and of rows that belong to a run.

-- 6. The P&L of a trade follows from its prices.
CREATE VIEW v_check_trade_arithmetic AS
SELECT run_id, 'trade ' || trade_seq AS subject, 'gross_pnl' AS rule, gross_pnl::text AS stored, round(expected, 8)::text AS expected
FROM trades
CROSS JOIN LATERAL (
  SELECT
    CASE direction WHEN 'long' THEN 1 ELSE -1 END * (exit_price - entry_price) * quantity * multiplier * fx_rate AS expected,
    greatest(abs(entry_price), abs(exit_price)) * quantity * multiplier * fx_rate AS notional
) AS trade
WHERE exit_time IS NOT NULL AND abs(gross_pnl - expected) > 1e-6 * notional;
COMMENT ON VIEW v_check_trade_arithmetic IS
  'Closed trades whose gross_pnl does not follow from quantity and prices. Within 1e-6 of the notional. Linear contracts: inverse ones show up here.';

-- 8. A report, not a rule: equity sampled at closes may miss a low that a trade realised between two of them.
CREATE VIEW v_report_drawdown AS
SELECT run_id, NULL::text AS subject, 'max_drawdown' AS rule, max_drawdown::text AS stored, drawdown::text AS expected
FROM simulation_runs
JOIN (SELECT run_id, max(drawdown) AS drawdown FROM v_closed_trade_equity GROUP BY run_id) AS closed USING (run_id)
WHERE status = 'completed' AND max_drawdown < drawdown - 1e-9;
COMMENT ON VIEW v_report_drawdown IS
  'Completed runs whose closed trades alone drew equity down further than max_drawdown says. Legal when trades exit between equity points; a fault when they exit at them.';

-- 9. No trade was lost in loading, and their order is that of time.
CREATE VIEW v_check_trade_sequence AS
SELECT run_id, NULL::text AS subject, rule, stored::text, expected::text
FROM (SELECT run_id, count(*) AS trades, min(trade_seq) AS first, max(trade_seq) AS last FROM trades GROUP BY run_id) AS run
CROSS JOIN LATERAL (VALUES ('first trade_seq', first, 1), ('last trade_seq', last, trades)) AS comparison (rule, stored, expected)
WHERE stored <> expected
UNION ALL
SELECT run_id, 'trade ' || trade_seq, 'entry_time not before the previous', entry_time::text, previous::text
FROM (
  SELECT run_id, trade_seq, entry_time, lag(entry_time) OVER (PARTITION BY run_id ORDER BY trade_seq) AS previous FROM trades
) AS trade
WHERE entry_time < previous;
COMMENT ON VIEW v_check_trade_sequence IS 'Runs whose trade_seq is not 1, 2, 3 to the number of their trades, and trades that enter before the one numbered before them.';

-- 10. Everything happens inside the simulated period.
CREATE VIEW v_check_times AS
SELECT run_id, 'trade ' || trade_seq AS subject, 'entry_time within the period' AS rule,
  entry_time::text AS stored, format('%s to %s', period_start, period_end) AS expected
FROM trades JOIN simulation_runs USING (run_id)
WHERE entry_time NOT BETWEEN period_start AND period_end
UNION ALL
SELECT run_id, 'trade ' || trade_seq, 'exit_time within the period', exit_time::text, format('up to %s', period_end)
FROM trades JOIN simulation_runs USING (run_id)
WHERE exit_time > period_end
UNION ALL
SELECT run_id, symbol::text, 'as_of is period_end', as_of::text, period_end::text
FROM positions JOIN simulation_runs USING (run_id)
WHERE as_of <> period_end
UNION ALL
SELECT run_id, 'equity point', 'ts within the period', ts::text, format('after %s to %s', period_start, period_end)
FROM equity_points JOIN simulation_runs USING (run_id)
WHERE ts <= period_start OR ts > period_end;
COMMENT ON VIEW v_check_times IS 'Trades and equity points outside the period of their run, and positions not valued at its end.';

-- 11. Results come in the transaction that completes the run. (Metrics: a CHECK of simulation_runs sees to them.)
CREATE VIEW v_check_status AS
SELECT run_id, NULL::text AS subject, 'status of a run with trades' AS rule, status AS stored, 'completed' AS expected
FROM simulation_runs
WHERE status <> 'completed' AND EXISTS (SELECT FROM trades WHERE trades.run_id = simulation_runs.run_id)
UNION ALL
SELECT run_id, NULL, 'status of a run with positions', status, 'completed'
FROM simulation_runs
WHERE status <> 'completed' AND EXISTS (SELECT FROM positions WHERE positions.run_id = simulation_runs.run_id)
UNION ALL
SELECT run_id, NULL, 'status of a run with equity_points', status, 'completed'
FROM simulation_runs
WHERE status <> 'completed' AND EXISTS (SELECT FROM equity_points WHERE equity_points.run_id = simulation_runs.run_id);
COMMENT ON VIEW v_check_status IS 'Runs that are not completed and yet have trades, positions or equity points.';

-- 12. A run trades only the symbols that it names.
CREATE VIEW v_check_symbols AS
SELECT run_id, traded.symbol::text AS subject, 'symbol of the run' AS rule, traded.symbol::text AS stored, symbols::text AS expected
FROM (SELECT run_id, symbol FROM trades UNION SELECT run_id, symbol FROM positions) AS traded
JOIN simulation_runs USING (run_id)
WHERE traded.symbol <> ALL (symbols);
COMMENT ON VIEW v_check_symbols IS 'Symbols traded or held that simulation_runs.symbols does not name.';
