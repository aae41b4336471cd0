-- The metrics of a completed run. One definition each, in the comments: the same name means other numbers elsewhere.
--
-- V_0 = starting_equity, V_1..V_n = equity_points.equity in order of time, r_i = V_i / V_(i-1) - 1,
-- N = periods_per_year, rf = (1 + risk_free_rate)^(1/N) - 1. "Closed" = trades with an exit; net = trades.net_pnl.
-- The often-ranked metrics are columns, so that they can be indexed; the tail lives in extra_metrics.

ALTER TABLE simulation_runs
  ADD COLUMN ending_equity          amount,
  ADD COLUMN net_profit             amount,
  ADD COLUMN total_return           finite,
  ADD COLUMN cagr                   finite,
  ADD COLUMN annual_volatility      finite CONSTRAINT annual_volatility_is_not_negative CHECK (annual_volatility >= 0),
  ADD COLUMN sharpe_ratio           finite,
  ADD COLUMN sortino_ratio          finite,
  ADD COLUMN calmar_ratio           finite,
  ADD COLUMN max_drawdown           finite CONSTRAINT max_drawdown_is_not_negative CHECK (max_drawdown >= 0),
  ADD COLUMN max_drawdown_duration  interval CONSTRAINT max_drawdown_duration_is_not_negative CHECK (max_drawdown_duration >= '0'),
  ADD COLUMN exposure_time          finite CONSTRAINT exposure_time_is_a_fraction CHECK (exposure_time BETWEEN 0 AND 1),
  ADD COLUMN turnover               finite CONSTRAINT turnover_is_not_negative CHECK (turnover >= 0),
  ADD COLUMN total_trades           integer,
  ADD COLUMN winning_trades         integer,
  ADD COLUMN losing_trades          integer,
  ADD COLUMN breakeven_trades       integer,
  ADD COLUMN open_trades            integer,
  ADD COLUMN realized_net_pnl       amount,
  ADD COLUMN gross_profit           amount CONSTRAINT gross_profit_is_not_negative CHECK (gross_profit >= 0),
  ADD COLUMN gross_loss             amount CONSTRAINT gross_loss_is_not_positive CHECK (gross_loss <= 0),
  ADD COLUMN win_rate               finite CONSTRAINT win_rate_is_a_fraction CHECK (win_rate BETWEEN 0 AND 1),
  ADD COLUMN profit_factor          finite,
  ADD COLUMN avg_win                amount,
  ADD COLUMN avg_loss               amount,
  ADD COLUMN payoff_ratio           finite,
  ADD COLUMN expectancy             amount,
  ADD COLUMN largest_win            amount,
  ADD COLUMN largest_loss           amount,
  ADD COLUMN max_consecutive_wins   integer,
  ADD COLUMN max_consecutive_losses integer,
  ADD COLUMN avg_holding_time       interval,
  ADD COLUMN total_commission       amount,
  ADD COLUMN total_slippage         amount,
  ADD COLUMN total_financing        amount,
  ADD COLUMN extra_metrics          jsonb NOT NULL DEFAULT '{}' CONSTRAINT extra_metrics_are_an_object
                                      CHECK (jsonb_typeof(extra_metrics) = 'object'),

  ADD CONSTRAINT net_profit_is_the_equity_gained CHECK (net_profit = ending_equity - starting_equity),
  ADD CONSTRAINT trade_counts_are_not_negative CHECK (
    least(total_trades, winning_trades, losing_trades, breakeven_trades, open_trades,
          max_consecutive_wins, max_consecutive_losses) >= 0),
  ADD CONSTRAINT trade_counts_add_up CHECK (total_trades = winning_trades + losing_trades + breakeven_trades),
  ADD CONSTRAINT profit_and_loss_add_up CHECK (realized_net_pnl = gross_profit + gross_loss);

COMMENT ON COLUMN simulation_runs.ending_equity IS 'V_n: cash + market value of open positions at period_end. Account currency.';
COMMENT ON COLUMN simulation_runs.net_profit IS 'ending_equity - starting_equity. Account currency.';
COMMENT ON COLUMN simulation_runs.total_return IS 'ending_equity / starting_equity - 1. Fraction.';
COMMENT ON COLUMN simulation_runs.cagr IS '(V_n / V_0)^(1/Y) - 1, Y = seconds of the period / (365.25 * 86400). Fraction a year. NULL when V_n <= 0, or when a short period makes it too large for a double.';
COMMENT ON COLUMN simulation_runs.annual_volatility IS 'Sample standard deviation of r * sqrt(N). Fraction a year. NULL when n < 2.';
COMMENT ON COLUMN simulation_runs.sharpe_ratio IS 'mean(r - rf) / sample standard deviation of (r - rf) * sqrt(N). Ratio. NULL when n < 2 or the deviation is 0.';
COMMENT ON COLUMN simulation_runs.sortino_ratio IS 'mean(r - rf) / sqrt(sum(min(r - rf, 0)^2) / n) * sqrt(N), all n periods below. Ratio. NULL without a period below rf.';
COMMENT ON COLUMN simulation_runs.calmar_ratio IS 'cagr / max_drawdown, both over the whole period. Ratio. NULL when max_drawdown = 0, cagr is NULL, or it is too large for a double.';
COMMENT ON COLUMN simulation_runs.max_drawdown IS 'Largest 1 - V_i / max(V_0..V_i), i from 1. POSITIVE fraction; above 1 only when equity fell below zero.';
COMMENT ON COLUMN simulation_runs.max_drawdown_duration IS 'Longest time from the last point at a peak (period_start for V_0) over points below it to the first point at or above it, or to period_end. Zero when equity never fell.';
COMMENT ON COLUMN simulation_runs.exposure_time IS 'Periods (t_(i-1), t_i) in which some trade was open (entry_time < t_i and exit_time, if any, > t_(i-1)) / n; t_0 = period_start. Fraction 0..1.';
COMMENT ON COLUMN simulation_runs.turnover IS 'Sum of abs(quantity * price * multiplier * fx_rate) over all entries and exits / mean(V_1..V_n). Ratio, for the whole period.';
COMMENT ON COLUMN simulation_runs.total_trades IS 'Closed trades. Count of round trips, not of fills.';
COMMENT ON COLUMN simulation_runs.winning_trades IS 'Closed trades with net > 0. Count.';
COMMENT ON COLUMN simulation_runs.losing_trades IS 'Closed trades with net < 0. Count.';
COMMENT ON COLUMN simulation_runs.breakeven_trades IS 'Closed trades with net = 0. Count.';
COMMENT ON COLUMN simulation_runs.open_trades IS 'Trades still open at period_end; not in total_trades. Count.';
COMMENT ON COLUMN simulation_runs.realized_net_pnl IS 'Sum of net over closed trades. Account currency.';
COMMENT ON COLUMN simulation_runs.gross_profit IS 'Sum of net over winning trades: after costs, despite its usual name. Account currency.';
COMMENT ON COLUMN simulation_runs.gross_loss IS 'Sum of net over losing trades: NEGATIVE or 0. Account currency.';
COMMENT ON COLUMN simulation_runs.win_rate IS 'winning_trades / total_trades, break-even trades in the denominator. Fraction. NULL without closed trades.';
COMMENT ON COLUMN simulation_runs.profit_factor IS 'gross_profit / abs(gross_loss). Ratio of money. NULL when gross_loss = 0.';
COMMENT ON COLUMN simulation_runs.avg_win IS 'gross_profit / winning_trades, rounded to 8 decimals. Account currency. NULL without a winning trade.';
COMMENT ON COLUMN simulation_runs.avg_loss IS 'gross_loss / losing_trades, rounded to 8 decimals: NEGATIVE. Account currency. NULL without a losing trade.';
COMMENT ON COLUMN simulation_runs.payoff_ratio IS '(gross_profit / winning_trades) / abs(gross_loss / losing_trades). Ratio. NULL without a winning or a losing trade.';
COMMENT ON COLUMN simulation_runs.expectancy IS 'realized_net_pnl / total_trades, rounded to 8 decimals. Account currency a trade. NULL without closed trades.';
COMMENT ON COLUMN simulation_runs.largest_win IS 'Greatest net > 0. Account currency. NULL without a winning trade.';
COMMENT ON COLUMN simulation_runs.largest_loss IS 'Least net < 0: NEGATIVE. Account currency. NULL without a losing trade.';
COMMENT ON COLUMN simulation_runs.max_consecutive_wins IS 'Longest series of winning trades among the closed, in order of exit_time, then trade_seq. Count.';
COMMENT ON COLUMN simulation_runs.max_consecutive_losses IS 'Longest series of losing trades among the closed, in order of exit_time, then trade_seq. Count.';
COMMENT ON COLUMN simulation_runs.avg_holding_time IS 'mean(exit_time - entry_time) over closed trades, rounded to microseconds, in SIMULATED time. NULL without closed trades.';
COMMENT ON COLUMN simulation_runs.total_commission IS 'Sum of commission over ALL trades, open ones included; negative when rebates prevail. Account currency.';
COMMENT ON COLUMN simulation_runs.total_slippage IS 'Sum of slippage_cost over ALL trades. Already inside prices and P&L. Account currency.';
COMMENT ON COLUMN simulation_runs.total_financing IS 'Sum of financing over ALL trades; positive = received. Account currency.';
COMMENT ON COLUMN simulation_runs.extra_metrics IS 'The tail: omega, skew, kurtosis, value at risk, alpha, beta and the like, as the engine defines them.';
