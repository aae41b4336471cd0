-- One row for each ROUND TRIP: a lot from entry to exit, matched as the configuration's
-- engine.fill_matching says. Not a fill.
-- A lot that is closed in parts is several rows, so a closed row never changes.
-- Fixed-width columns come first: it saves the padding that alignment would put between them, in every row.

CREATE TABLE trades (
  run_id              bigint NOT NULL REFERENCES simulation_runs ON DELETE CASCADE,
  trade_seq           integer NOT NULL CONSTRAINT trade_seq_is_positive CHECK (trade_seq > 0),
  entry_time          moment NOT NULL,
  exit_time           moment,
  symbol              symbol NOT NULL,
  venue               text,
  direction           text NOT NULL CONSTRAINT direction_is_known CHECK (direction IN ('long', 'short')),
  quantity            quantity NOT NULL CONSTRAINT quantity_is_positive CHECK (quantity > 0),
  multiplier          multiplier NOT NULL DEFAULT 1,
  fx_rate             fx_rate NOT NULL DEFAULT 1,
  entry_price         price NOT NULL,
  exit_price          price,
  gross_pnl           amount,
  commission          amount NOT NULL DEFAULT 0,
  financing           amount NOT NULL DEFAULT 0,
  net_pnl             amount GENERATED ALWAYS AS (gross_pnl - commission + financing) STORED,
  slippage_cost       amount NOT NULL DEFAULT 0,
  mae                 amount CONSTRAINT mae_is_not_positive CHECK (mae <= 0),
  mfe                 amount CONSTRAINT mfe_is_not_negative CHECK (mfe >= 0),
  entry_tag           text,
  exit_reason         text CONSTRAINT exit_reason_is_known CHECK (exit_reason IN (
                        'signal', 'stop_loss', 'take_profit', 'trailing_stop',
                        'liquidation', 'expiry', 'time_stop', 'end_of_run')),

  PRIMARY KEY (run_id, trade_seq),
  CONSTRAINT trade_is_open_or_closed CHECK (num_nulls(exit_time, exit_price, gross_pnl, exit_reason) IN (0, 4)),
  CONSTRAINT trade_exits_at_or_after_its_entry CHECK (exit_time >= entry_time)
) PARTITION BY HASH (run_id);

-- Few symbols a run: deduplication makes this index a quarter of the size of the primary key's.
CREATE INDEX trades_by_symbol ON trades (run_id, symbol);

COMMENT ON TABLE trades IS
  'Round trips, open ones included (exit columns NULL). Order within a run is trade_seq, never time. Load a run by COPY, in the transaction that completes it.';

COMMENT ON COLUMN trades.run_id IS 'Run of the trade; deleting the run deletes its trades.';
COMMENT ON COLUMN trades.trade_seq IS 'Number within the run by entry_time, then by the order of the engine: 1, 2, 3 without gaps.';
COMMENT ON COLUMN trades.entry_time IS 'SIMULATED time of the entry, UTC, in microseconds.';
COMMENT ON COLUMN trades.exit_time IS 'SIMULATED time of the exit, UTC. Equal to entry_time when both are in one bar. NULL while open.';
COMMENT ON COLUMN trades.symbol IS 'Instrument: one of simulation_runs.symbols.';
COMMENT ON COLUMN trades.venue IS 'Exchange or broker, where the run knows it.';
COMMENT ON COLUMN trades.direction IS 'long: bought first; short: sold first.';
COMMENT ON COLUMN trades.quantity IS 'Units traded, always positive; direction gives the sign.';
COMMENT ON COLUMN trades.multiplier IS 'Units of the underlying in one contract.';
COMMENT ON COLUMN trades.fx_rate IS 'Account currency for one unit of quote currency, at exit; at entry while open.';
COMMENT ON COLUMN trades.entry_price IS 'Fill price of the entry, slippage included, in quote currency.';
COMMENT ON COLUMN trades.exit_price IS 'Fill price of the exit, slippage included, in quote currency. NULL while open.';
COMMENT ON COLUMN trades.gross_pnl IS '(exit_price - entry_price) * quantity * multiplier * fx_rate, negated when short: the price move alone. Account currency. NULL while open.';
COMMENT ON COLUMN trades.commission IS 'Commissions and fees paid on entry and exit; negative for a rebate. Account currency.';
COMMENT ON COLUMN trades.financing IS 'Funding, borrow and interest; positive = received. Account currency.';
COMMENT ON COLUMN trades.net_pnl IS 'gross_pnl - commission + financing. Account currency. NULL while open.';
COMMENT ON COLUMN trades.slippage_cost IS 'Information only: what slippage cost on entry and exit; already inside both prices. Positive = cost. Account currency.';
COMMENT ON COLUMN trades.mae IS 'Maximum adverse excursion: worst unrealized P&L by price move while open, <= 0. Account currency. NULL where not tracked.';
COMMENT ON COLUMN trades.mfe IS 'Maximum favourable excursion: best unrealized P&L by price move while open, >= 0. Account currency. NULL where not tracked.';
COMMENT ON COLUMN trades.entry_tag IS 'Why the algorithm entered, in its own words.';
COMMENT ON COLUMN trades.exit_reason IS 'Why it exited. end_of_run: closed by the simulator because its configuration says so. NULL while open.';
