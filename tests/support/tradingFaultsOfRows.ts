import type { Fault } from "./tradingFaults.ts";

/** Faults in rows of the sample run. */
export const rowFaults: Fault[] = [
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
    view: "v_check_times",
    fault: "an entry and a point after the period",
    plant: `
      UPDATE trades SET entry_time = '2025-01-01T00:00:01Z' WHERE trade_seq = 127;
      UPDATE equity_points SET ts = '2025-01-01T00:00:01Z' WHERE ts = '2024-12-31T21:00:00Z'`,
    violations: [
      [
        "trade 127",
        "entry_time within the period",
        "2025-01-01 00:00:01+00",
        "2023-01-01 00:00:00+00 to 2025-01-01 00:00:00+00",
      ],
      [
        "equity point",
        "ts within the period",
        "2025-01-01 00:00:01+00",
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
];
