-- Invariants of what a run held and was worth.

-- 3. Positions are the sum of their trades; a symbol stands in both tables or in neither.
CREATE VIEW v_check_positions AS
SELECT run_id, symbol::text AS subject, rule, stored::text, expected::text
FROM positions AS position
FULL JOIN (
  SELECT
    run_id,
    symbol,
    coalesce(sum(CASE direction WHEN 'long' THEN quantity ELSE -quantity END) FILTER (WHERE exit_time IS NULL), 0) AS quantity,
    sum(quantity * entry_price) FILTER (WHERE exit_time IS NULL) / sum(quantity) FILTER (WHERE exit_time IS NULL) AS entry_price,
    coalesce(sum(net_pnl), 0) AS realized_pnl,
    sum(commission) AS commission,
    sum(financing) AS financing,
    count(*) AS trade_count
  FROM trades GROUP BY run_id, symbol
) AS trade USING (run_id, symbol)
CROSS JOIN LATERAL (VALUES
  ('quantity', position.quantity, trade.quantity),
  ('realized_pnl', position.realized_pnl, trade.realized_pnl),
  ('commission', position.commission, trade.commission),
  ('financing', position.financing, trade.financing),
  ('trade_count', position.trade_count, trade.trade_count),
  ('avg_entry_price', position.avg_entry_price, round(trade.entry_price, 8))
) AS comparison (rule, stored, expected)
WHERE stored IS DISTINCT FROM expected
UNION ALL
-- Fills at one time have no order here: the peak is at least what was held after them, at most after the entries alone.
SELECT run_id, symbol::text, 'peak_quantity', peak_quantity::text, format('%s to %s', lowest, highest)
FROM positions
JOIN (
  SELECT run_id, symbol, max(abs(after_fills)) AS lowest, max(abs(after_entries)) AS highest
  FROM (
    SELECT
      run_id, symbol,
      sum(change) OVER (PARTITION BY run_id, symbol ORDER BY ts) AS after_fills,
      sum(change) OVER (PARTITION BY run_id, symbol ORDER BY ts, is_exit) AS after_entries
    FROM trades
    CROSS JOIN LATERAL (SELECT CASE direction WHEN 'long' THEN quantity ELSE -quantity END AS signed) AS trade
    CROSS JOIN LATERAL (VALUES (entry_time, false, signed), (exit_time, true, -signed)) AS fill (ts, is_exit, change)
    WHERE ts IS NOT NULL
  ) AS held
  GROUP BY run_id, symbol
) AS held USING (run_id, symbol)
WHERE peak_quantity NOT BETWEEN lowest AND highest;
COMMENT ON VIEW v_check_positions IS
  'Positions that are not the sum of the trades of their run and symbol, symbols that only one of the two tables has, and a peak_quantity that was never held. Exact, but for a peak among fills at one time.';

-- 4. Ending equity is what was there, plus what was won, less what open trades have cost;
-- it is where the equity curve ends; and it is the cash there with what is held.
CREATE VIEW v_check_equity_identity AS
SELECT run_id, NULL::text AS subject, rule, ending_equity::text AS stored, expected::text
FROM simulation_runs
LEFT JOIN (
  SELECT run_id, sum(realized_pnl + unrealized_pnl) AS pnl, sum(market_value) AS held FROM positions GROUP BY run_id
) AS position USING (run_id)
LEFT JOIN (
  SELECT run_id, sum(financing - commission) AS carried FROM trades WHERE exit_time IS NULL GROUP BY run_id
) AS open_trade USING (run_id)
LEFT JOIN (
  SELECT DISTINCT ON (run_id) run_id, equity, cash FROM equity_points ORDER BY run_id, ts DESC
) AS last USING (run_id)
CROSS JOIN LATERAL (VALUES
  ('ending_equity by profit', starting_equity + coalesce(pnl, 0) + coalesce(carried, 0)),
  ('ending_equity of the last point', equity),
  ('ending_equity by cash and positions', cash + coalesce(held, 0))
) AS identity (rule, expected)
WHERE status = 'completed' AND ending_equity IS DISTINCT FROM expected;
COMMENT ON VIEW v_check_equity_identity IS
  'Completed runs where ending_equity is not starting_equity + realized_pnl + unrealized_pnl - commission and + financing of open trades, not equity of the last point, or not its cash + market_value of all positions. Exact.';

-- 5. The value of a position follows from its quantity and prices.
CREATE VIEW v_check_position_values AS
SELECT run_id, symbol::text AS subject, rule, stored::text, round(expected, 8)::text AS expected
FROM positions
CROSS JOIN LATERAL (SELECT quantity * multiplier * fx_rate AS size) AS position
CROSS JOIN LATERAL (VALUES
  ('cost_basis', cost_basis, size * avg_entry_price),
  ('market_value', market_value, size * market_price),
  ('unrealized_pnl', unrealized_pnl, size * (market_price - avg_entry_price))
) AS comparison (rule, stored, expected)
WHERE quantity <> 0
  AND abs(stored - expected) > 1e-6 * abs(size) * greatest(abs(market_price), abs(avg_entry_price));
COMMENT ON VIEW v_check_position_values IS
  'Open positions whose cost_basis, market_value or unrealized_pnl does not follow from quantity and prices. Within 1e-6 of the notional. Linear contracts: inverse ones show up here.';

-- The equity curve gives the risk metrics.
-- cagr by exp and ln, because power() raises an error for a number too large or too small, and so would hide all other
-- runs: over an hour, 10 % are a growth of e^835 a year. exp(709.78) is the greatest double; below e^-700, -1 is exact.
CREATE VIEW v_check_equity_curve AS
SELECT run_id, NULL::text AS subject, rule, stored::text, expected::text
FROM simulation_runs
LEFT JOIN (
  SELECT
    run_id,
    max(drawdown) AS drawdown,
    stddev_samp(period_return) AS deviation,
    avg(period_return - rf) AS excess,
    sqrt(avg(least(period_return - rf, 0) ^ 2)) AS downside
  FROM v_equity_curve
  JOIN (SELECT run_id, power(1 + risk_free_rate, 1.0 / periods_per_year) - 1 AS rf FROM simulation_runs) AS rate USING (run_id)
  GROUP BY run_id
) AS curve USING (run_id)
CROSS JOIN LATERAL (
  SELECT CASE WHEN ending_equity > 0 THEN
    ln((ending_equity / starting_equity)::double precision)
      * (365.25 * 86400 / extract(epoch FROM period_end - period_start))::double precision END AS growth
) AS year
CROSS JOIN LATERAL (VALUES
  ('max_drawdown', max_drawdown, greatest(drawdown, 0)),
  ('annual_volatility', annual_volatility, deviation * sqrt(periods_per_year)),
  ('sharpe_ratio', sharpe_ratio, excess / nullif(deviation, 0) * sqrt(periods_per_year)),
  ('sortino_ratio', sortino_ratio, excess / nullif(downside, 0) * sqrt(periods_per_year)),
  ('cagr', cagr, CASE WHEN growth < -700 THEN -1 WHEN growth < 709.78 THEN exp(growth) - 1 END)
) AS comparison (rule, stored, expected)
WHERE status = 'completed'
  AND (abs(stored::numeric - expected::numeric) <= 1e-9 * greatest(1, abs(expected::numeric))
       OR num_nulls(stored, expected) = 2) IS NOT TRUE;
COMMENT ON VIEW v_check_equity_curve IS
  'Completed runs whose max_drawdown, annual_volatility, sharpe_ratio, sortino_ratio or cagr do not follow from their equity points. Within 1e-9, relative above 1.';
