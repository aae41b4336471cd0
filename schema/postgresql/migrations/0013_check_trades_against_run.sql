-- Invariants. Each view v_check_* returns the violations of one rule: no row means that all is well.
-- All have the same columns: run_id, subject (the trade, symbol or object), rule, stored, expected.
-- They group rows by run_id and join, so that a condition on run_id reaches the partitions, and that without one
-- every table is read once.

-- 1. The counts on a completed run are the counts of its trades.
CREATE VIEW v_check_trade_counts AS
SELECT run_id, NULL::text AS subject, rule, stored::text, expected::text
FROM simulation_runs AS run
LEFT JOIN (
  SELECT
    run_id,
    count(*) FILTER (WHERE exit_time IS NOT NULL) AS total,
    count(*) FILTER (WHERE net_pnl > 0) AS winning,
    count(*) FILTER (WHERE net_pnl < 0) AS losing,
    count(*) FILTER (WHERE net_pnl = 0) AS breakeven,
    count(*) FILTER (WHERE exit_time IS NULL) AS open
  FROM trades GROUP BY run_id
) AS trade USING (run_id)
CROSS JOIN LATERAL (VALUES
  ('total_trades', run.total_trades, coalesce(trade.total, 0)),
  ('winning_trades', run.winning_trades, coalesce(trade.winning, 0)),
  ('losing_trades', run.losing_trades, coalesce(trade.losing, 0)),
  ('breakeven_trades', run.breakeven_trades, coalesce(trade.breakeven, 0)),
  ('open_trades', run.open_trades, coalesce(trade.open, 0))
) AS comparison (rule, stored, expected)
WHERE status = 'completed' AND stored IS DISTINCT FROM expected;
COMMENT ON VIEW v_check_trade_counts IS 'Completed runs whose trade counts are not those of their trades. Exact.';

-- 2. The money on a completed run is the sum of its trades, to the last decimal.
CREATE VIEW v_check_trade_money AS
SELECT run_id, NULL::text AS subject, rule, stored::text, expected::text
FROM simulation_runs AS run
LEFT JOIN (
  SELECT
    run_id,
    sum(net_pnl) AS realized,
    sum(net_pnl) FILTER (WHERE net_pnl > 0) AS profit,
    sum(net_pnl) FILTER (WHERE net_pnl < 0) AS loss,
    max(net_pnl) FILTER (WHERE net_pnl > 0) AS largest_win,
    min(net_pnl) FILTER (WHERE net_pnl < 0) AS largest_loss,
    sum(commission) AS commission,
    sum(slippage_cost) AS slippage,
    sum(financing) AS financing
  FROM trades GROUP BY run_id
) AS trade USING (run_id)
CROSS JOIN LATERAL (VALUES
  ('realized_net_pnl', run.realized_net_pnl, coalesce(trade.realized, 0)),
  ('gross_profit', run.gross_profit, coalesce(trade.profit, 0)),
  ('gross_loss', run.gross_loss, coalesce(trade.loss, 0)),
  ('largest_win', run.largest_win, trade.largest_win),
  ('largest_loss', run.largest_loss, trade.largest_loss),
  ('total_commission', run.total_commission, coalesce(trade.commission, 0)),
  ('total_slippage', run.total_slippage, coalesce(trade.slippage, 0)),
  ('total_financing', run.total_financing, coalesce(trade.financing, 0))
) AS comparison (rule, stored, expected)
WHERE status = 'completed' AND stored IS DISTINCT FROM expected;
COMMENT ON VIEW v_check_trade_money IS 'Completed runs whose P&L and costs are not the sums over their trades. Exact.';

-- 7. Ratios follow from the counts and sums beside them, and are NULL exactly when undefined.
-- As numeric: a double that overflows would raise an error, and so hide all other runs.
CREATE VIEW v_check_derived_ratios AS
SELECT run_id, NULL::text AS subject, rule, stored::text, expected::text
FROM simulation_runs AS run
CROSS JOIN LATERAL (VALUES
  ('win_rate', win_rate, 1e-9, winning_trades::numeric / nullif(total_trades, 0)),
  ('profit_factor', profit_factor, 1e-9, gross_profit / abs(nullif(gross_loss, 0))),
  ('payoff_ratio', payoff_ratio, 1e-9,
    gross_profit * losing_trades / (nullif(winning_trades, 0) * abs(nullif(gross_loss, 0)))),
  ('calmar_ratio', calmar_ratio, 1e-9,
    CASE WHEN abs(cagr::numeric) < 1e308 * max_drawdown::numeric THEN cagr::numeric / max_drawdown::numeric END),
  ('total_return', total_return, 1e-12, ending_equity / starting_equity - 1)
) AS comparison (rule, stored, tolerance, expected)
WHERE status = 'completed'
  AND (abs(stored::numeric - expected) <= tolerance * greatest(1, abs(expected))
       OR num_nulls(stored, expected) = 2) IS NOT TRUE
UNION ALL
SELECT run_id, NULL, rule, stored::text, expected::text
FROM simulation_runs AS run
CROSS JOIN LATERAL (VALUES
  ('expectancy', expectancy, round(realized_net_pnl / nullif(total_trades, 0), 8)),
  ('avg_win', avg_win, round(gross_profit / nullif(winning_trades, 0), 8)),
  ('avg_loss', avg_loss, round(gross_loss / nullif(losing_trades, 0), 8))
) AS comparison (rule, stored, expected)
WHERE status = 'completed' AND stored IS DISTINCT FROM expected;
COMMENT ON VIEW v_check_derived_ratios IS
  'Completed runs whose ratios do not follow from their own counts and sums. Within 1e-9 of the expected value, total_return within 1e-12 (relative above 1); averages of money exact to 8 decimals.';
