-- Equity of a run at each session's close. Volatility, Sharpe and drawdown cannot be had from closed trades alone.
-- Peak and drawdown follow from these rows: see the view v_equity_curve.

CREATE TABLE equity_points (
  run_id              bigint NOT NULL REFERENCES simulation_runs ON DELETE CASCADE,
  ts                  moment NOT NULL,
  equity              amount NOT NULL,
  cash                amount NOT NULL,

  PRIMARY KEY (run_id, ts)
) PARTITION BY HASH (run_id);

COMMENT ON TABLE equity_points IS
  'Equity curve: one row for each period (session or day), at its close. The start (period_start, starting_equity) is not a row.';

COMMENT ON COLUMN equity_points.run_id IS 'Run of the point; deleting the run deletes its points.';
COMMENT ON COLUMN equity_points.ts IS 't_i: SIMULATED time of the close, UTC, after period_start and up to period_end.';
COMMENT ON COLUMN equity_points.equity IS 'V_i: cash + market value of open positions. Account currency; negative when a margin account is ruined.';
COMMENT ON COLUMN equity_points.cash IS 'Cash. Account currency; negative when borrowed.';
