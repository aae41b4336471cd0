-- What did a run hold at its end, and how much of its equity was that?
-- :run_id
SELECT
  symbol, side, quantity, avg_entry_price, market_price, market_value,
  (market_value / nullif(ending_equity, 0))::double precision AS weight,
  realized_pnl, unrealized_pnl, commission, financing, trade_count
FROM positions
JOIN simulation_runs USING (run_id)
WHERE run_id = :run_id
ORDER BY abs(market_value) DESC, symbol;
