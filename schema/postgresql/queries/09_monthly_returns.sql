-- What did a run earn in each month, and what did the trades closed in it bring? Months are those of UTC;
-- what closes at midnight belongs to the day, and the month, that ends.
-- monthly_return is marked to market, so it need not agree with net_pnl, which waits for exits.
-- :run_id
SELECT
  month,
  (month_end / nullif(lag(month_end, 1, starting_equity) OVER (ORDER BY month), 0) - 1)::double precision AS monthly_return,
  closed_trades, net_pnl, best_trade, worst_trade
FROM (
  SELECT DISTINCT ON (month) date_trunc('month', ts - interval '1 microsecond', 'UTC') AS month, equity AS month_end, starting_equity
  FROM equity_points
  JOIN simulation_runs USING (run_id)
  WHERE run_id = :run_id
  ORDER BY month, ts DESC
) AS equity
LEFT JOIN (
  SELECT
    date_trunc('month', exit_time - interval '1 microsecond', 'UTC') AS month,
    count(*) AS closed_trades,
    sum(net_pnl) AS net_pnl,
    max(net_pnl) AS best_trade,
    min(net_pnl) AS worst_trade
  FROM trades
  WHERE run_id = :run_id AND exit_time IS NOT NULL
  GROUP BY month
) AS closed USING (month)
ORDER BY month;
