-- Equity over time, with its peak and drawdown.

CREATE VIEW v_equity_curve AS
SELECT
  run_id, ts, equity, cash,
  (equity / nullif(lag(equity, 1, starting_equity) OVER run, 0) - 1)::double precision AS period_return,
  greatest(starting_equity, max(equity) OVER run) AS peak,
  (1 - equity / greatest(starting_equity, max(equity) OVER run))::double precision AS drawdown
FROM equity_points
JOIN simulation_runs USING (run_id)
WINDOW run AS (PARTITION BY run_id ORDER BY ts);
COMMENT ON VIEW v_equity_curve IS
  'Marked to market at each equity point: period_return = V_i / V_(i-1) - 1, peak = max(V_0..V_i), drawdown = 1 - V_i / peak. Fractions.';

CREATE VIEW v_closed_trade_equity AS
SELECT
  run_id, trade_seq, exit_time, net_pnl, equity,
  greatest(starting_equity, max(equity) OVER run) AS peak,
  (1 - equity / greatest(starting_equity, max(equity) OVER run))::double precision AS drawdown
FROM (
  SELECT
    run_id, trade_seq, exit_time, net_pnl, starting_equity,
    starting_equity + sum(net_pnl) OVER (PARTITION BY run_id ORDER BY exit_time, trade_seq) AS equity
  FROM trades
  JOIN simulation_runs USING (run_id)
  WHERE exit_time IS NOT NULL
) AS closed
WINDOW run AS (PARTITION BY run_id ORDER BY exit_time, trade_seq);
COMMENT ON VIEW v_closed_trade_equity IS
  'starting_equity + net P&L of the trades closed so far. Blind to what open trades are worth: not the equity curve, and its drawdown is another one.';
