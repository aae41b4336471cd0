DROP TRIGGER touch_updated_at ON simulation_runs;
DROP TRIGGER guard_run_status ON simulation_runs;

DROP FUNCTION touch_updated_at();
DROP FUNCTION guard_run_status();

ALTER TABLE simulation_runs
  DROP CONSTRAINT completed_run_alone_has_metrics,
  DROP CONSTRAINT completed_run_has_its_core_metrics,
  DROP CONSTRAINT failed_run_alone_has_an_error,
  DROP CONSTRAINT run_finishes_after_it_starts,
  DROP CONSTRAINT failed_or_cancelled_run_has_finished,
  DROP CONSTRAINT completed_run_has_started_and_finished,
  DROP CONSTRAINT running_run_has_started_and_not_finished,
  DROP CONSTRAINT queued_run_has_not_started;
