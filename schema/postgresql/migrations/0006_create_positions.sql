-- What a run held at its end: one row for each symbol that it traded, flat ones included.

CREATE TABLE positions (
  run_id              bigint NOT NULL REFERENCES simulation_runs ON DELETE CASCADE,
  as_of               moment NOT NULL,
  trade_count         integer NOT NULL CONSTRAINT trade_count_is_positive CHECK (trade_count > 0),
  symbol              symbol NOT NULL,
  venue               text,
  side                text NOT NULL GENERATED ALWAYS AS (
                        CASE WHEN quantity > 0 THEN 'long' WHEN quantity < 0 THEN 'short' ELSE 'flat' END) STORED,
  quantity            quantity NOT NULL,
  peak_quantity       quantity NOT NULL,
  multiplier          multiplier NOT NULL DEFAULT 1,
  fx_rate             fx_rate NOT NULL DEFAULT 1,
  avg_entry_price     price,
  market_price        price,
  cost_basis          amount NOT NULL,
  market_value        amount NOT NULL,
  realized_pnl        amount NOT NULL,
  unrealized_pnl      amount NOT NULL,
  commission          amount NOT NULL,
  financing           amount NOT NULL,

  PRIMARY KEY (run_id, symbol),
  CONSTRAINT flat_position_has_no_entry_and_no_value CHECK (
    quantity <> 0 OR (avg_entry_price IS NULL AND cost_basis = 0 AND market_value = 0 AND unrealized_pnl = 0)),
  CONSTRAINT open_position_has_prices CHECK (quantity = 0 OR num_nulls(avg_entry_price, market_price) = 0),
  -- By cost, not by avg_entry_price, whose rounding would leave cents in the equity identity.
  CONSTRAINT unrealized_pnl_is_value_less_cost CHECK (unrealized_pnl = market_value - cost_basis),
  CONSTRAINT peak_quantity_covers_quantity CHECK (peak_quantity >= abs(quantity) AND peak_quantity > 0)
) PARTITION BY HASH (run_id);

-- "Which runs held this symbol?"
CREATE INDEX positions_by_symbol ON positions (symbol, run_id);

COMMENT ON TABLE positions IS 'Final position of each run in each symbol that it traded, netted; flat ones included.';

COMMENT ON COLUMN positions.run_id IS 'Run of the position; deleting the run deletes its positions.';
COMMENT ON COLUMN positions.as_of IS 'SIMULATED time of the valuation: period_end of the run.';
COMMENT ON COLUMN positions.trade_count IS 'Rows of trades of this run and symbol, open ones included. Count.';
COMMENT ON COLUMN positions.symbol IS 'Instrument: one of simulation_runs.symbols.';
COMMENT ON COLUMN positions.venue IS 'Exchange or broker, where the run knows it.';
COMMENT ON COLUMN positions.side IS 'long, short or flat: the sign of quantity.';
COMMENT ON COLUMN positions.quantity IS 'Units held, SIGNED: sum over open trades, short ones negative. 0 = flat.';
COMMENT ON COLUMN positions.peak_quantity IS 'Greatest absolute quantity held at any time. Positive.';
COMMENT ON COLUMN positions.multiplier IS 'Units of the underlying in one contract.';
COMMENT ON COLUMN positions.fx_rate IS 'Account currency for one unit of quote currency, at as_of.';
COMMENT ON COLUMN positions.avg_entry_price IS 'Entry price of the open trades, weighted by quantity, rounded to 8 decimals; quote currency. NULL when flat.';
COMMENT ON COLUMN positions.market_price IS 'Price at as_of in quote currency.';
COMMENT ON COLUMN positions.cost_basis IS 'Sum of quantity * entry_price over open trades, short ones negative, * multiplier * fx_rate. Account currency. 0 when flat.';
COMMENT ON COLUMN positions.market_value IS 'quantity * market_price * multiplier * fx_rate, SIGNED. Account currency. 0 when flat.';
COMMENT ON COLUMN positions.realized_pnl IS 'Sum of net_pnl over closed trades of this run and symbol. Account currency.';
COMMENT ON COLUMN positions.unrealized_pnl IS 'market_value - cost_basis: what closing at market_price would win, before costs. Account currency. 0 when flat.';
COMMENT ON COLUMN positions.commission IS 'Sum of commission over all trades of this run and symbol. Account currency.';
COMMENT ON COLUMN positions.financing IS 'Sum of financing over all trades of this run and symbol; positive = received. Account currency.';
