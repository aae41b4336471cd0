/** What a check view says of a fault: [subject, rule, stored, expected]. */
export type Violation = [string | null, string, string | null, string | null];

export interface Fault {
  view: string;
  fault: string;
  /** Statements that plant it; $run stands for the sample's run_id. */
  plant: string;
  violations: Violation[];
}

/** Every way in which the sample run can be spoilt, by the view that has to find it. */
export const faults: Fault[] = [
  {
    view: "v_check_trade_counts",
    fault: "a count that is not that of the trades",
    plant: "UPDATE simulation_runs SET open_trades = 3",
    violations: [[null, "open_trades", "3", "2"]],
  },
  {
    view: "v_check_trade_counts",
    fault: "a trade that was lost",
    plant: "DELETE FROM trades WHERE trade_seq = 1",
    violations: [
      [null, "total_trades", "125", "124"],
      [null, "winning_trades", "86", "85"],
    ],
  },
  {
    view: "v_check_trade_money",
    fault: "a sum that is off by the last decimal",
    plant: "UPDATE simulation_runs SET total_commission = total_commission + 0.00000001",
    violations: [[null, "total_commission", "327.65000001", "327.65000000"]],
  },
  {
    view: "v_check_derived_ratios",
    fault: "a ratio in percent, one left out, and an average that is off by the last decimal",
    plant: "UPDATE simulation_runs SET calmar_ratio = 190, payoff_ratio = NULL, expectancy = expectancy + 0.00000001",
    violations: [
      [null, "calmar_ratio", "190", "1.901362650"],
      [null, "expectancy", "127.60364881", "127.60364880"],
      [null, "payoff_ratio", null, "0.772132303"],
    ],
  },
  {
    view: "v_check_derived_ratios",
    fault: "a ratio where none is defined",
    plant: `
      UPDATE simulation_runs SET gross_loss = 0, losing_trades = 0, breakeven_trades = 39, realized_net_pnl = gross_profit,
        expectancy = 309.20689120, avg_loss = NULL, payoff_ratio = NULL, profit_factor = 10`,
    violations: [[null, "profit_factor", "10", null]],
  },
  {
    view: "v_check_positions",
    fault: "a position that is missing",
    plant: "DELETE FROM positions WHERE symbol = 'TLT'",
    violations: [
      ["TLT", "commission", null, "163.65000000"],
      ["TLT", "financing", null, "0.00000000"],
      ["TLT", "quantity", null, "0"],
      ["TLT", "realized_pnl", null, "-1863.76960000"],
      ["TLT", "trade_count", null, "44"],
    ],
  },
  {
    view: "v_check_positions",
    fault: "a position without trades",
    plant: `
      INSERT INTO positions (run_id, as_of, trade_count, symbol, quantity, peak_quantity, cost_basis, market_value,
        realized_pnl, unrealized_pnl, commission, financing)
      SELECT $run, period_end, 1, 'GLD', 0, 1, 0, 0, 0, 0, 0, 0 FROM simulation_runs`,
    violations: [
      ["GLD", "commission", "0.00000000", null],
      ["GLD", "financing", "0.00000000", null],
      ["GLD", "quantity", "0.00000000", null],
      ["GLD", "realized_pnl", "0.00000000", null],
      ["GLD", "trade_count", "1", null],
    ],
  },
  {
    view: "v_check_positions",
    fault: "an entry price that is not the mean of the open trades",
    plant: "UPDATE positions SET avg_entry_price = avg_entry_price + 0.00000001 WHERE symbol = 'SPY'",
    violations: [["SPY", "avg_entry_price", "587.63880001", "587.63880000"]],
  },
  {
    view: "v_check_equity_identity",
    fault: "money from nowhere",
    plant: "UPDATE simulation_runs SET ending_equity = ending_equity + 0.01, net_profit = net_profit + 0.01",
    violations: [[null, "ending_equity", "117191.40570000", "117191.39570000"]],
  },
  {
    view: "v_check_position_values",
    fault: "a value that does not follow from the price",
    plant: "UPDATE positions SET market_price = market_price + 1 WHERE symbol = 'SPY'",
    violations: [
      ["SPY", "market_value", "37633.68000000", "37696.68000000"],
      ["SPY", "unrealized_pnl", "612.43560000", "675.43560000"],
    ],
  },
  {
    view: "v_check_equity_curve",
    fault: "ratios annualised by another factor",
    plant: "UPDATE simulation_runs SET sharpe_ratio = 1, sortino_ratio = NULL, cagr = 0.1, annual_volatility = 0.064",
    violations: [
      [null, "annual_volatility", "0.064", "0.053266029"],
      [null, "cagr", "0.1", "0.082491017"],
      [null, "sharpe_ratio", "1", "0.785466048"],
      [null, "sortino_ratio", null, "1.209603752"],
    ],
  },
  {
    view: "v_check_equity_curve",
    fault: "a curve that is missing",
    plant: "DELETE FROM equity_points",
    violations: [
      [null, "annual_volatility", "0.053266029", null],
      [null, "ending_equity", "117191.3957", null],
      [null, "max_drawdown", "0.043385210", "0"],
      [null, "sharpe_ratio", "0.785466048", null],
      [null, "sortino_ratio", "1.209603752", null],
    ],
  },
  {
    view: "v_check_trade_arithmetic",
    fault: "a P&L that does not follow from the prices",
    plant: "UPDATE trades SET gross_pnl = gross_pnl + 0.05 WHERE trade_seq = 1",
    violations: [["trade 1", "gross_pnl", "573.42720000", "573.37720000"]],
  },
  {
    view: "v_check_trade_arithmetic",
    fault: "a short trade with the sign of a long one",
    plant: "UPDATE trades SET direction = 'short' WHERE trade_seq = 1",
    violations: [["trade 1", "gross_pnl", "573.37720000", "-573.37720000"]],
  },
  {
    view: "v_report_drawdown",
    fault: "closed trades that drew down further than max_drawdown says",
    plant: "UPDATE simulation_runs SET max_drawdown = 0.01",
    violations: [[null, "max_drawdown", "0.01", "0.034045468"]],
  },
  {
    view: "v_check_trade_sequence",
    fault: "gaps in the numbers",
    plant: "DELETE FROM trades WHERE trade_seq IN (1, 50)",
    violations: [
      [null, "first trade_seq", "2", "1"],
      [null, "last trade_seq", "127", "125"],
    ],
  },
  {
    view: "v_check_trade_sequence",
    fault: "numbers that do not follow time",
    plant: "UPDATE trades SET entry_time = '2023-01-02T00:00:00Z' WHERE trade_seq = 2",
    violations: [["trade 2", "entry_time not before the previous", "2023-01-02 00:00:00+00", "2023-01-03 14:30:00+00"]],
  },
  {
    view: "v_check_times",
    fault: "trades, a position and a point outside the period",
    plant: `
      UPDATE trades SET entry_time = '2022-12-31T00:00:00Z' WHERE trade_seq = 1;
      UPDATE trades SET exit_time = '2025-01-01T00:00:01Z' WHERE trade_seq = 2;
      UPDATE positions SET as_of = '2024-12-31T00:00:00Z' WHERE symbol = 'SPY';
      UPDATE equity_points SET ts = '2023-01-01T00:00:00Z' WHERE ts = '2023-01-03T21:00:00Z'`,
    violations: [
      ["SPY", "as_of is period_end", "2024-12-31 00:00:00+00", "2025-01-01 00:00:00+00"],
      [
        "trade 1",
        "entry_time within the period",
        "2022-12-31 00:00:00+00",
        "2023-01-01 00:00:00+00 to 2025-01-01 00:00:00+00",
      ],
      ["trade 2", "exit_time within the period", "2025-01-01 00:00:01+00", "up to 2025-01-01 00:00:00+00"],
      [
        "equity point",
        "ts within the period",
        "2023-01-01 00:00:00+00",
        "after 2023-01-01 00:00:00+00 to 2025-01-01 00:00:00+00",
      ],
    ],
  },
  {
    view: "v_check_symbols",
    fault: "a symbol that the run does not name",
    plant:
      "UPDATE trades SET symbol = 'GLD' WHERE trade_seq = 1; UPDATE positions SET symbol = 'XAU' WHERE symbol = 'TLT'",
    violations: [
      ["GLD", "symbol of the run", "GLD", "{QQQ,SPY,TLT}"],
      ["XAU", "symbol of the run", "XAU", "{QQQ,SPY,TLT}"],
    ],
  },
  {
    view: "v_check_number_types",
    fault: "a column that would take NaN or infinity",
    plant:
      "ALTER TABLE trades ADD COLUMN tax numeric(24, 8), ADD COLUMN beta double precision, ADD COLUMN settled timestamptz",
    violations: [
      [
        "trades.beta",
        "stored through a domain with a CHECK",
        "double precision",
        "a domain that refuses NaN and infinity",
      ],
      [
        "trades.settled",
        "stored through a domain with a CHECK",
        "timestamp with time zone",
        "a domain that refuses NaN and infinity",
      ],
      ["trades.tax", "stored through a domain with a CHECK", "numeric(24,8)", "a domain that refuses NaN and infinity"],
    ],
  },
  {
    view: "v_check_number_types",
    fault: "a domain that lost its CHECK",
    plant: "ALTER DOMAIN multiplier DROP CONSTRAINT multiplier_is_positive",
    violations: [
      [
        "positions.multiplier",
        "stored through a domain with a CHECK",
        "multiplier",
        "a domain that refuses NaN and infinity",
      ],
      [
        "trades.multiplier",
        "stored through a domain with a CHECK",
        "multiplier",
        "a domain that refuses NaN and infinity",
      ],
    ],
  },
  {
    view: "v_check_partitions",
    fault: "a partition that was taken away",
    plant: "ALTER TABLE trades DETACH PARTITION trading_partitions.trades_p07",
    violations: [["trades", "number of partitions", "31", "32"]],
  },
  {
    view: "v_check_partitions",
    fault: "an index that no partition has",
    plant: "CREATE INDEX trades_by_exit ON ONLY trades (exit_time)",
    violations: [["trades_by_exit", "valid index on every partition", "0", "32"]],
  },
];
