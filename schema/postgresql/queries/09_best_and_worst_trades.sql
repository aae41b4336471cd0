-- Which trades of a run won most, and which lost most?
-- return_on_notional = net_pnl / abs(entry notional), a fraction; NULL when the entry price was 0.
-- :run_id  :rows (10 of each)
SELECT
  trade_seq, symbol, direction, quantity, entry_time, exit_time, entry_price, exit_price, net_pnl,
  (net_pnl / nullif(abs(quantity * entry_price * multiplier * fx_rate), 0))::double precision AS return_on_notional,
  exit_reason
FROM (
  SELECT
    *,
    row_number() OVER (ORDER BY net_pnl DESC, trade_seq) AS from_best,
    row_number() OVER (ORDER BY net_pnl, trade_seq) AS from_worst
  FROM trades
  WHERE run_id = :run_id AND exit_time IS NOT NULL
) AS closed
WHERE from_best <= :rows OR from_worst <= :rows
ORDER BY net_pnl DESC, trade_seq;
