import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { sampleRun } from "../../../schema/generate/sampleRun.ts";
import { type Metrics, metricsByDefinition, money } from "../../support/tradingMetrics.ts";
import { readSeedRows } from "../../support/tradingSeed.ts";

const sql = readFileSync("schema/postgresql/seeds/dev/0001_sample_run.sql", "utf8");
const { simulation_runs: runs = [], trades = [], positions = [], equity_points: points = [] } = readSeedRows(sql);
const [run = {}] = runs;

test("the generator makes the seed again, byte for byte", () => {
  expect(sampleRun()).toBe(sql);
});

test("the sample is worth looking at", () => {
  expect(runs).toHaveLength(1);
  expect(points.length).toBe(502);
  expect(trades.length).toBe(127);
  expect(trades.filter((trade) => trade.exit_time === null).length).toBe(2);
  expect(positions.map((position) => position.symbol)).toEqual(["QQQ", "SPY", "TLT"]);
  expect(new Set(trades.map((trade) => trade.exit_reason))).toEqual(new Set(["signal", "time_stop", null]));
});

test("equity points stand at the closes of the New York Stock Exchange", () => {
  const closes = new Map(points.map(({ ts }) => [ts?.slice(0, 10), ts?.slice(11, 16)]));
  const weekdays = points.map(({ ts }) => new Date(ts ?? "").getUTCDay());
  expect(new Set(weekdays)).toEqual(new Set([1, 2, 3, 4, 5]));
  expect([...closes.keys()].filter((day) => day?.startsWith("2023"))).toHaveLength(250);
  expect([...closes.keys()].filter((day) => day?.startsWith("2024"))).toHaveLength(252);
  expect(closes.get("2023-03-10")).toBe("21:00"); // standard time
  expect(closes.get("2023-03-13")).toBe("20:00"); // summer time, from the Sunday between
  expect(closes.get("2023-11-03")).toBe("20:00");
  expect(closes.get("2023-11-06")).toBe("21:00");
  expect(closes.get("2024-07-03")).toBe("17:00"); // the day before a holiday closes early
  expect(closes.has("2024-03-29")).toBe(false); // Good Friday
});

describe("its metrics, computed anew from its trades and equity points by their definitions", () => {
  const expected = metricsByDefinition(run, trades, points);

  test("are all that the run has", () => {
    const identity = Object.keys(run).slice(0, Object.keys(run).indexOf("ending_equity"));
    expect(Object.keys(run).slice(identity.length).sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))("%s", (column, value) => {
    expect(value).not.toBeNull();
    const stored = run[column] ?? "";
    if (typeof value === "bigint") expect(money(stored)).toBe(value);
    else if (stored.includes("days")) expect(Math.abs(microseconds(stored) - Number(value))).toBeLessThanOrEqual(1);
    else expect(Math.abs(Number(stored) - Number(value))).toBeLessThanOrEqual(1e-9);
  });
});

describe("the definitions, where nothing was won or lost", () => {
  const still: Metrics = metricsByDefinition(
    {
      starting_equity: "100",
      periods_per_year: "252",
      risk_free_rate: "0",
      period_start: "2024-01-01Z",
      period_end: "2025-01-01Z",
    },
    [],
    [
      { ts: "2024-01-02Z", equity: "100" },
      { ts: "2024-01-03Z", equity: "100" },
    ],
  );

  test("leave a ratio without denominator undefined, and nothing else", () => {
    const undefinedOnes = Object.keys(still).filter((column) => still[column] === null);
    expect(undefinedOnes.sort()).toEqual([
      "avg_holding_time",
      "avg_loss",
      "avg_win",
      "calmar_ratio",
      "expectancy",
      "largest_loss",
      "largest_win",
      "payoff_ratio",
      "profit_factor",
      "sharpe_ratio",
      "sortino_ratio",
      "win_rate",
    ]);
  });
});

/** "5 days 09:48:00.000000" */
function microseconds(interval: string): number {
  const [, days, hours, minutes, seconds] = /^(\d+) days (\d+):(\d+):([\d.]+)$/.exec(interval) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60e6 + Number(seconds) * 1e6;
}
