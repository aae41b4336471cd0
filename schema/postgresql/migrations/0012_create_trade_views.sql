-- A run's trades by symbol.

CREATE VIEW v_run_symbol_stats AS
SELECT
  run_id, symbol,
  count(*) FILTER (WHERE exit_time IS NOT NULL) AS total_trades,
  count(*) FILTER (WHERE exit_time IS NULL) AS open_trades,
  count(*) FILTER (WHERE net_pnl > 0) AS winning_trades,
  count(*) FILTER (WHERE net_pnl < 0) AS losing_trades,
  count(*) FILTER (WHERE net_pnl > 0)::double precision / nullif(count(net_pnl), 0) AS win_rate,
  coalesce(sum(net_pnl), 0) AS net_pnl,
  coalesce(sum(net_pnl) FILTER (WHERE net_pnl > 0), 0) AS gross_profit,
  coalesce(sum(net_pnl) FILTER (WHERE net_pnl < 0), 0) AS gross_loss,
  (sum(net_pnl) FILTER (WHERE net_pnl > 0) / abs(sum(net_pnl) FILTER (WHERE net_pnl < 0)))::double precision AS profit_factor,
  round(avg(net_pnl), 8) AS expectancy,
  max(net_pnl) FILTER (WHERE net_pnl > 0) AS largest_win,
  min(net_pnl) FILTER (WHERE net_pnl < 0) AS largest_loss,
  sum(commission) AS commission,
  sum(slippage_cost) AS slippage_cost,
  sum(financing) AS financing,
  avg(exit_time - entry_time) AS avg_holding_time,
  min(entry_time) AS first_entry_time,
  max(exit_time) AS last_exit_time
FROM trades
GROUP BY run_id, symbol;
COMMENT ON VIEW v_run_symbol_stats IS
  'Results of a run by symbol, defined as the metrics of simulation_runs are: P&L and ratios over closed trades, costs over all.';
