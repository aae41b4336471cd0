import type { Fault } from "./tradingFaults.ts";

/** Faults in the metrics of the sample run. */
export const metricFaults: Fault[] = [
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
    view: "v_check_trade_counts",
    fault: "a loss that was counted as a break-even",
    plant: `UPDATE simulation_runs SET losing_trades = 38, breakeven_trades = 1`,
    violations: [
      [null, "breakeven_trades", "1", "0"],
      [null, "losing_trades", "38", "39"],
    ],
  },
  {
    view: "v_check_trade_money",
    fault: "a sum that is off by the last decimal",
    plant: "UPDATE simulation_runs SET total_commission = total_commission + 0.00000001",
    violations: [[null, "total_commission", "327.65000001", "327.65000000"]],
  },
  {
    view: "v_check_trade_money",
    fault: "sums and extremes that are not those of the trades",
    plant: `
      UPDATE simulation_runs SET realized_net_pnl = realized_net_pnl + 2, gross_profit = gross_profit + 3, gross_loss = gross_loss - 1,
        largest_win = largest_win + 1, largest_loss = NULL, total_slippage = 0, total_financing = -0.00000001`,
    violations: [
      [null, "gross_loss", "-22701.40530000", "-22700.40530000"],
      [null, "gross_profit", "38653.86140000", "38650.86140000"],
      [null, "largest_loss", null, "-1940.96840000"],
      [null, "largest_win", "1710.76120000", "1709.76120000"],
      [null, "realized_net_pnl", "15952.45610000", "15950.45610000"],
      [null, "total_financing", "-0.00000001", "0.00000000"],
      [null, "total_slippage", "0.00000000", "851.37430000"],
    ],
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
    view: "v_check_derived_ratios",
    fault: "a return that is off in the twelfth decimal, a win rate without its losses, averages of the wrong sign",
    plant: `
      UPDATE simulation_runs SET total_return = total_return + 2e-12, win_rate = 1, avg_win = -avg_win, avg_loss = -avg_loss`,
    violations: [
      [null, "avg_loss", "582.06167436", "-582.06167436"],
      [null, "avg_win", "-449.42862093", "449.42862093"],
      [null, "total_return", "0.171913957", "0.171913957"],
      [null, "win_rate", "1", "0.688000000"],
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
      [null, "max_drawdown", "0.043385210", "0"],
      [null, "sharpe_ratio", "0.785466048", null],
      [null, "sortino_ratio", "1.209603752", null],
    ],
  },
  {
    view: "v_report_drawdown",
    fault: "closed trades that drew down further than max_drawdown says",
    plant: "UPDATE simulation_runs SET max_drawdown = 0.01",
    violations: [[null, "max_drawdown", "0.01", "0.034045468"]],
  },
];
