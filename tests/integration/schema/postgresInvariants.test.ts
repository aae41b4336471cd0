import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import { awkwardRun } from "../../support/tradingAwkwardRun.ts";
import { type Violation, faults } from "../../support/tradingFaults.ts";
import { insert, openTrade, queuedRun, undone } from "../../support/tradingRows.ts";

jest.setTimeout(120_000);

let server: TradingPostgres;
/** The owner: some faults can only be planted by taking a constraint away first. */
let owner: pg.Client;
/** The one run there is: the sample. */
let runId: string;

beforeAll(async () => {
  server = await startTradingPostgres("dev");
  owner = await server.connect("trading_migrator");
  runId = (await owner.query("SELECT run_id FROM simulation_runs")).rows[0].run_id;
});
afterAll(() => server?.remove());

/** The violations of a view, ratios rounded to 9 decimals. */
async function violations(view: string): Promise<Violation[]> {
  const { rows } = await owner.query(`SELECT * FROM ${view} ORDER BY rule, subject`);
  return rows.map(({ subject, rule, stored, expected }) => [subject, rule, rounded(stored), rounded(expected)]);
}

function rounded(value: string | null): string | null {
  return value !== null && /^-?\d+\.\d{9,}$/.test(value) ? Number(value).toFixed(9) : value;
}

describe("the sample run", () => {
  test("violates nothing", async () => {
    const { rows } = await owner.query("SELECT check_name FROM v_violations WHERE violations > 0");
    expect(rows).toEqual([]);
    expect(await violations("v_report_drawdown")).toEqual([]);
  });
});

test("a run of shorts, contracts and foreign currency violates nothing either", async () => {
  await undone(owner, async () => {
    const { run, trades, positions, points } = awkwardRun();
    const { run_id } = await insert(owner, "simulation_runs", run);
    for (const row of trades) await insert(owner, "trades", { run_id, ...row });
    for (const row of positions) await insert(owner, "positions", { run_id, ...row });
    for (const row of points) await insert(owner, "equity_points", { run_id, ...row });
    const { rows } = await owner.query("SELECT check_name FROM v_violations WHERE violations > 0");
    expect(rows).toEqual([]);
    expect((await owner.query("SELECT * FROM v_run_summary WHERE run_id = $1", [run_id])).rows).toMatchObject([
      {
        ending_equity: "99548.15000000",
        total_trades: 3,
        winning_trades: 1,
        losing_trades: 1,
        breakeven_trades: 1,
        open_trades: 2,
        profit_factor: 991 / 1499.75,
        exposure_time: 1,
        max_consecutive_wins: 1,
      },
    ]);
  });
});

test.each(faults)("$view finds $fault", async ({ view, plant, violations: expected }) => {
  await undone(owner, async () => {
    await owner.query(plant.replaceAll("$run", runId));
    expect(await violations(view)).toEqual(expected);
  });
  expect(await violations(view)).toEqual([]);
});

test("v_check_status finds results of a run that is not completed", async () => {
  await undone(owner, async () => {
    const { run_id } = await insert(owner, "simulation_runs", queuedRun());
    await insert(owner, "trades", openTrade(String(run_id)));
    const { rows } = await owner.query("SELECT * FROM v_check_status");
    expect(rows).toEqual([
      { run_id, subject: null, rule: "queued run has no trades", stored: "some", expected: "none" },
    ]);
  });
});

test("v_check_determinism finds equal inputs with different results", async () => {
  await undone(owner, async () => {
    const { rows: columns } = await owner.query(`
      SELECT attname AS name FROM pg_attribute
      WHERE attrelid = 'simulation_runs'::regclass AND attnum > 0 AND attname NOT IN ('run_id', 'run_uid')`);
    const names = columns.map(({ name }) => name).join(", ");
    const copy = `INSERT INTO simulation_runs (run_uid, ${names}) SELECT gen_random_uuid(), ${names} FROM simulation_runs
      WHERE run_id = ${runId} RETURNING run_id`;
    const same = (await owner.query(copy)).rows[0].run_id;
    expect(await violations("v_check_determinism")).toEqual([]);
    const other = (await owner.query(copy)).rows[0].run_id;
    await owner.query("UPDATE simulation_runs SET total_trades = 126, breakeven_trades = 1 WHERE run_id = $1", [other]);
    expect(await violations("v_check_determinism")).toEqual([
      [`runs ${runId}, ${same}, ${other}`, "total_trades", "125 or 126", "one result"],
    ]);
  });
});

test("every check is tried above, and counted in v_violations", async () => {
  const { rows: views } = await owner.query("SELECT viewname FROM pg_views WHERE viewname ~ '^v_(check|report)_'");
  const { rows: counted } = await owner.query("SELECT check_name FROM v_violations");
  const tried = new Set([...faults.map(({ view }) => view), "v_check_status", "v_check_determinism"]);
  expect(views.map(({ viewname }) => viewname).sort()).toEqual([...tried].sort());
  expect(["v_report_drawdown", ...counted.map(({ check_name }) => check_name)].sort()).toEqual([...tried].sort());
});

test("every check has the same columns", async () => {
  const { rows } = await owner.query(`
    SELECT DISTINCT string_agg(format('%s %s', column_name, data_type), ', ' ORDER BY ordinal_position) AS columns
    FROM information_schema.columns WHERE table_name ~ '^v_(check|report)_' GROUP BY table_name`);
  expect(rows).toEqual([{ columns: "run_id bigint, subject text, rule text, stored text, expected text" }]);
});
