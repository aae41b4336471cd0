-- One row for each simulation: what was run, on what, and how it can be repeated.
-- Its results (metrics) are added by 0003, its life (status) is guarded by 0004.

CREATE TABLE simulation_runs (
  run_id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- No default: a client that makes the id can repeat a failed INSERT without making a second run.
  run_uid             uuid NOT NULL UNIQUE,
  name                text NOT NULL CONSTRAINT name_has_1_to_200_characters CHECK (length(name) BETWEEN 1 AND 200),
  description         text,
  run_type            text NOT NULL CONSTRAINT run_type_is_known
                        CHECK (run_type IN ('backtest', 'optimization', 'walk_forward', 'monte_carlo', 'paper')),
  status              text NOT NULL DEFAULT 'queued' CONSTRAINT status_is_known
                        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  tags                text[] NOT NULL DEFAULT '{}' CONSTRAINT tags_are_not_null CHECK (array_position(tags, NULL) IS NULL),
  created_by          text NOT NULL DEFAULT current_user,

  config_id           text NOT NULL CONSTRAINT config_id_is_not_empty CHECK (config_id <> ''),
  config_hash         sha256_hex NOT NULL,
  algorithm_name      text NOT NULL CONSTRAINT algorithm_name_is_snake_case CHECK (algorithm_name ~ '^[a-z][a-z0-9_]{2,63}$'),
  algorithm_version   semantic_version NOT NULL,
  algorithm_hash      sha256_hex NOT NULL,
  simulator_name      text NOT NULL CONSTRAINT simulator_name_is_snake_case CHECK (simulator_name ~ '^[a-z][a-z0-9_]{2,63}$'),
  simulator_version   semantic_version NOT NULL,
  simulator_hash      sha256_hex NOT NULL,
  simulator_overrides jsonb NOT NULL DEFAULT '{}' CONSTRAINT simulator_overrides_are_an_object
                        CHECK (jsonb_typeof(simulator_overrides) = 'object'),
  engine_version      semantic_version NOT NULL,
  git_commit          text CONSTRAINT git_commit_is_40_hex_digits CHECK (git_commit ~ '^[0-9a-f]{40}$'),
  dataset_version     text NOT NULL CONSTRAINT dataset_version_is_not_empty CHECK (dataset_version <> ''),
  random_seed         bigint NOT NULL,
  parameters          jsonb NOT NULL DEFAULT '{}' CONSTRAINT parameters_are_an_object CHECK (jsonb_typeof(parameters) = 'object'),
  sweep_id            uuid,
  trial_no            integer CONSTRAINT trial_no_is_positive CHECK (trial_no > 0),

  symbols             text[] NOT NULL CONSTRAINT symbols_name_at_least_one
                        CHECK (cardinality(symbols) > 0 AND array_position(symbols, NULL) IS NULL),
  timeframe           text NOT NULL CONSTRAINT timeframe_is_known CHECK (timeframe IN ('tick', '1m', '5m', '15m', '1h', '1d')),
  period_start        moment NOT NULL,
  period_end          moment NOT NULL,
  account_currency    text NOT NULL CONSTRAINT account_currency_is_a_code CHECK (account_currency ~ '^[A-Z0-9]{2,10}$'),
  account_type        text NOT NULL CONSTRAINT account_type_is_known CHECK (account_type IN ('cash', 'margin')),
  starting_equity     amount NOT NULL CONSTRAINT starting_equity_is_positive CHECK (starting_equity > 0),
  periods_per_year    smallint NOT NULL CONSTRAINT periods_per_year_is_1_to_366 CHECK (periods_per_year BETWEEN 1 AND 366),
  risk_free_rate      finite NOT NULL DEFAULT 0 CONSTRAINT risk_free_rate_is_a_fraction CHECK (risk_free_rate > -1 AND risk_free_rate <= 1),
  benchmark           symbol,

  queued_at           moment NOT NULL DEFAULT now(),
  started_at          moment,
  finished_at         moment,
  error_type          text,
  error_message       text,
  created_at          moment NOT NULL DEFAULT now(),
  updated_at          moment NOT NULL DEFAULT now(),

  CONSTRAINT period_ends_after_it_starts CHECK (period_end > period_start),
  CONSTRAINT sweep_and_trial_go_together CHECK ((sweep_id IS NULL) = (trial_no IS NULL))
);

COMMENT ON TABLE simulation_runs IS
  'One simulation: identity, configuration, status, and performance metrics once it is completed. Fractions, never percent; an undefined ratio is NULL.';

COMMENT ON COLUMN simulation_runs.run_id IS 'Key inside this database.';
COMMENT ON COLUMN simulation_runs.run_uid IS 'Key outside: made by the client, UUID version 7 for preference.';
COMMENT ON COLUMN simulation_runs.name IS 'Name for people; need not be unique.';
COMMENT ON COLUMN simulation_runs.description IS 'Free text.';
COMMENT ON COLUMN simulation_runs.run_type IS 'backtest, optimization (a trial of a sweep), walk_forward, monte_carlo or paper.';
COMMENT ON COLUMN simulation_runs.status IS 'queued -> running -> completed, failed or cancelled; queued may also fail or be cancelled. The last three are final.';
COMMENT ON COLUMN simulation_runs.tags IS 'Free labels.';
COMMENT ON COLUMN simulation_runs.created_by IS 'Person or service that asked for the run; the database role where none is given.';
COMMENT ON COLUMN simulation_runs.config_id IS '_id in MongoDB, trading_configs.simulation_configs.';
COMMENT ON COLUMN simulation_runs.config_hash IS 'config_hash of that document: no foreign key reaches into MongoDB, so the hash proves which configuration it was.';
COMMENT ON COLUMN simulation_runs.algorithm_name IS 'algorithm_name in MongoDB, trading_configs.algorithm_versions.';
COMMENT ON COLUMN simulation_runs.algorithm_version IS 'version of that algorithm.';
COMMENT ON COLUMN simulation_runs.algorithm_hash IS 'content_hash of that algorithm version.';
COMMENT ON COLUMN simulation_runs.simulator_name IS 'name in MongoDB, trading_configs.simulator_configs.';
COMMENT ON COLUMN simulation_runs.simulator_version IS 'version of that simulator configuration.';
COMMENT ON COLUMN simulation_runs.simulator_hash IS 'content_hash of that simulator configuration.';
COMMENT ON COLUMN simulation_runs.simulator_overrides IS 'What the configuration overrides of the simulator''s models, such as its costs; empty for the simulator as it is.';
COMMENT ON COLUMN simulation_runs.engine_version IS 'Version of the simulation engine that ran it.';
COMMENT ON COLUMN simulation_runs.git_commit IS 'Commit of the engine, where it was built from a repository.';
COMMENT ON COLUMN simulation_runs.dataset_version IS 'Version of the market data.';
COMMENT ON COLUMN simulation_runs.random_seed IS 'Seed of every random choice of the run; 0 where nothing is random.';
COMMENT ON COLUMN simulation_runs.parameters IS 'Parameters given to the algorithm: all that the configuration or the sweep sets, even at their default. A copy that never changes.';
COMMENT ON COLUMN simulation_runs.sweep_id IS 'Parameter sweep that this run is a trial of.';
COMMENT ON COLUMN simulation_runs.trial_no IS 'Number of the trial in its sweep, from 1.';
COMMENT ON COLUMN simulation_runs.symbols IS 'Symbols that the run may trade.';
COMMENT ON COLUMN simulation_runs.timeframe IS 'Bar length of the data, or tick.';
COMMENT ON COLUMN simulation_runs.period_start IS 'Start of SIMULATED time; equity is starting_equity here.';
COMMENT ON COLUMN simulation_runs.period_end IS 'End of SIMULATED time.';
COMMENT ON COLUMN simulation_runs.account_currency IS 'Currency of every amount of the run.';
COMMENT ON COLUMN simulation_runs.account_type IS 'cash or margin.';
COMMENT ON COLUMN simulation_runs.starting_equity IS 'V_0: equity at period_start, in account currency. No deposits follow.';
COMMENT ON COLUMN simulation_runs.periods_per_year IS 'N: equity points in a year, for annualising. 252 for sessions of a stock exchange, 365 for round-the-clock markets. Ratios of different N do not compare.';
COMMENT ON COLUMN simulation_runs.risk_free_rate IS 'Fraction a year. In one period: rf = (1 + risk_free_rate)^(1/N) - 1.';
COMMENT ON COLUMN simulation_runs.benchmark IS 'Symbol that extra_metrics compare with (alpha, beta).';
COMMENT ON COLUMN simulation_runs.queued_at IS 'WALL time of the request.';
COMMENT ON COLUMN simulation_runs.started_at IS 'WALL time when the engine took it up.';
COMMENT ON COLUMN simulation_runs.finished_at IS 'WALL time when it completed, failed or was cancelled.';
COMMENT ON COLUMN simulation_runs.error_type IS 'Class of the error of a failed run, for counting.';
COMMENT ON COLUMN simulation_runs.error_message IS 'What failed, in full.';
COMMENT ON COLUMN simulation_runs.created_at IS 'WALL time when the row was made.';
COMMENT ON COLUMN simulation_runs.updated_at IS 'WALL time of the last change of the row.';
