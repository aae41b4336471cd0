-- What a run must and must not carry in each status, and the ways from one status to another.
-- A CHECK lets NULL pass, so each rule counts its NULLs.

ALTER TABLE simulation_runs
  ADD CONSTRAINT queued_run_has_not_started CHECK (status <> 'queued' OR num_nonnulls(started_at, finished_at) = 0),
  ADD CONSTRAINT running_run_has_started_and_not_finished CHECK (
    status <> 'running' OR (started_at IS NOT NULL AND finished_at IS NULL)),
  ADD CONSTRAINT completed_run_has_started_and_finished CHECK (
    status <> 'completed' OR num_nulls(started_at, finished_at) = 0),
  ADD CONSTRAINT failed_or_cancelled_run_has_finished CHECK (
    status NOT IN ('failed', 'cancelled') OR finished_at IS NOT NULL),
  ADD CONSTRAINT run_finishes_after_it_starts CHECK (finished_at >= started_at),
  ADD CONSTRAINT failed_run_alone_has_an_error CHECK (
    num_nonnulls(error_type, error_message) = CASE status WHEN 'failed' THEN 2 ELSE 0 END),
  -- Those that are defined for every run, whatever it traded.
  ADD CONSTRAINT completed_run_has_its_core_metrics CHECK (
    status <> 'completed' OR num_nulls(
      ending_equity, net_profit, total_return, max_drawdown, max_drawdown_duration, exposure_time, turnover,
      total_trades, winning_trades, losing_trades, breakeven_trades, open_trades,
      realized_net_pnl, gross_profit, gross_loss, max_consecutive_wins, max_consecutive_losses,
      total_commission, total_slippage, total_financing) = 0),
  ADD CONSTRAINT completed_run_alone_has_metrics CHECK (
    status = 'completed' OR (extra_metrics = '{}' AND num_nonnulls(
      ending_equity, net_profit, total_return, cagr, annual_volatility, sharpe_ratio, sortino_ratio, calmar_ratio,
      max_drawdown, max_drawdown_duration, exposure_time, turnover,
      total_trades, winning_trades, losing_trades, breakeven_trades, open_trades,
      realized_net_pnl, gross_profit, gross_loss, win_rate, profit_factor, avg_win, avg_loss, payoff_ratio, expectancy,
      largest_win, largest_loss, max_consecutive_wins, max_consecutive_losses, avg_holding_time,
      total_commission, total_slippage, total_financing) = 0));

-- Rows may be inserted in any status, so that finished runs can be imported and restored.
CREATE FUNCTION guard_run_status() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.status = OLD.status
     OR (OLD.status = 'queued' AND NEW.status IN ('running', 'failed', 'cancelled'))
     OR (OLD.status = 'running' AND NEW.status IN ('completed', 'failed', 'cancelled')) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'run % cannot go from % to %', OLD.run_id, OLD.status, NEW.status
    USING ERRCODE = 'check_violation',
          CONSTRAINT = 'guard_run_status',
          HINT = CASE OLD.status
                   WHEN 'queued' THEN 'A queued run can become running, failed or cancelled.'
                   WHEN 'running' THEN 'A running run can become completed, failed or cancelled.'
                   ELSE format('A %s run is final; start a new run instead.', OLD.status)
                 END;
END
$$;
COMMENT ON FUNCTION guard_run_status() IS 'Allows only queued -> running, failed, cancelled and running -> completed, failed, cancelled.';

CREATE FUNCTION touch_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Sets updated_at to the time of the transaction.';

CREATE TRIGGER guard_run_status BEFORE UPDATE OF status ON simulation_runs
  FOR EACH ROW EXECUTE FUNCTION guard_run_status();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON simulation_runs
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
