-- How did a run do in one symbol: in all, by direction, and by reason of exit?
-- (For all symbols of the run side by side: SELECT * FROM v_run_symbol_stats WHERE run_id = ...)
-- :run_id  :'symbol'
SELECT
  coalesce(direction, 'all') AS direction,
  coalesce(exit_reason, 'all') AS exit_reason,
  count(*) AS trades,
  avg((net_pnl > 0)::integer)::double precision AS win_rate,
  sum(net_pnl) AS net_pnl,
  sum(commission) AS commission
FROM trades
WHERE run_id = :run_id AND symbol = :'symbol' AND exit_time IS NOT NULL
GROUP BY GROUPING SETS ((), (direction), (exit_reason))
ORDER BY grouping(direction, exit_reason) DESC, net_pnl DESC;
