import type { Fault } from "./tradingFaults.ts";

/** Faults in what the sample run held and was worth. */
export const equityFaults: Fault[] = [
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
    view: "v_check_positions",
    fault: "sums of another account",
    plant: `UPDATE positions SET quantity = 62, realized_pnl = 0, commission = 0, financing = 1, trade_count = 1 WHERE symbol = 'SPY'`,
    violations: [
      ["SPY", "commission", "0.00000000", "75.00000000"],
      ["SPY", "financing", "1.00000000", "0.00000000"],
      ["SPY", "quantity", "62.00000000", "63.00000000"],
      ["SPY", "realized_pnl", "0.00000000", "5861.28650000"],
      ["SPY", "trade_count", "1", "38"],
    ],
  },
  {
    view: "v_check_positions",
    fault: "a peak that was never reached, and one that was passed",
    plant: `
      UPDATE positions SET peak_quantity = 1000 WHERE symbol = 'SPY';
      UPDATE positions SET peak_quantity = 456 WHERE symbol = 'TLT'`,
    violations: [
      ["SPY", "peak_quantity", "1000.00000000", "82.00000000 to 82.00000000"],
      ["TLT", "peak_quantity", "456.00000000", "457.00000000 to 457.00000000"],
    ],
  },
  {
    view: "v_check_equity_identity",
    fault: "money from nowhere",
    plant: `
      UPDATE simulation_runs SET ending_equity = ending_equity + 0.00000001, net_profit = net_profit + 0.00000001`,
    violations: [
      [null, "ending_equity by cash and positions", "117191.39570001", "117191.39570000"],
      [null, "ending_equity by profit", "117191.39570001", "117191.39570000"],
      [null, "ending_equity of the last point", "117191.39570001", "117191.39570000"],
    ],
  },
  {
    view: "v_check_equity_identity",
    fault: "a curve that ends elsewhere",
    plant: `UPDATE equity_points SET equity = equity + 0.00000001`,
    violations: [[null, "ending_equity of the last point", "117191.39570000", "117191.39570001"]],
  },
  {
    view: "v_check_equity_identity",
    fault: "cash that does not make up the equity",
    plant: `UPDATE equity_points SET cash = cash - 0.00000001`,
    violations: [[null, "ending_equity by cash and positions", "117191.39570000", "117191.39569999"]],
  },
  {
    view: "v_check_equity_identity",
    fault: "a profit that was booked twice",
    plant: `UPDATE positions SET realized_pnl = realized_pnl + 1 WHERE symbol = 'TLT'`,
    violations: [[null, "ending_equity by profit", "117191.39570000", "117192.39570000"]],
  },
  {
    view: "v_check_equity_identity",
    fault: "a curve that is missing",
    plant: `DELETE FROM equity_points`,
    violations: [
      [null, "ending_equity by cash and positions", "117191.39570000", null],
      [null, "ending_equity of the last point", "117191.39570000", null],
    ],
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
    view: "v_check_position_values",
    fault: "a cost that does not follow from the entry price",
    plant: `UPDATE positions SET avg_entry_price = avg_entry_price + 1 WHERE symbol = 'SPY'`,
    violations: [
      ["SPY", "cost_basis", "37021.24440000", "37084.24440000"],
      ["SPY", "unrealized_pnl", "612.43560000", "549.43560000"],
    ],
  },
];
