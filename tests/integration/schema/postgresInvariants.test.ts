import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import { awkwardRun } from "../../support/tradingAwkwardRun.ts";
import { shortRun } from "../../support/tradingMeasuredRun.ts";
import { type Violation, faults } from "../../support/tradingFaults.ts";
import {
  type Row,
  equityPoint,
  insert,
  openTrade,
  position,
  runIn,
  statuses,
  undone,
} from "../../support/tradingRows.ts";

jest.setTimeout(300_000);

let server: TradingPostgres;
/** The owner: some faults can only be planted by taking a constraint away first. */
let owner: pg.Client;
/** For what not even the owner can spoil. */
let superuser: pg.Client;
/** The one run there is: the sample. */
let runId: string;

beforeAll(async () => {
  server = await startTradingPostgres("dev");
  owner = await server.connect("trading_migrator");
  superuser = await server.connect("postgres");
  runId = (await owner.query("SELECT run_id FROM simulation_runs")).rows[0].run_id;
});
afterAll(() => server?.remove());

/** The violations of a view, ratios rounded to 9 decimals. */
async function violations(view: string, client = owner): Promise<Violation[]> {
  const { rows } = await client.query(`SELECT * FROM ${view} ORDER BY rule, subject`);
  return rows.map(({ subject, rule, stored, expected }) => [subject, rule, rounded(stored), rounded(expected)]);
}

/** The checks that find something. */
async function violated(): Promise<string[]> {
  const { rows } = await owner.query("SELECT check_name FROM v_violations WHERE violations > 0 ORDER BY 1");
  return rows.map(({ check_name }) => check_name);
}

async function insertRun({ run, trades, positions, points }: ReturnType<typeof awkwardRun>): Promise<unknown> {
  const { run_id } = await insert(owner, "simulation_runs", run);
  for (const row of trades) await insert(owner, "trades", { run_id, ...row });
  for (const row of positions) await insert(owner, "positions", { run_id, ...row });
  for (const row of points) await insert(owner, "equity_points", { run_id, ...row });
  return run_id;
}

function rounded(value: string | null): string | null {
  return value !== null && /^-?\d+\.\d{9,}$/.test(value) ? Number(value).toFixed(9) : value;
}

describe("the sample run", () => {
  test("violates nothing", async () => {
    expect(await violated()).toEqual([]);
    expect(await violations("v_report_drawdown")).toEqual([]);
  });
});

test("a run of shorts, contracts and foreign currency violates nothing either", async () => {
  await undone(owner, async () => {
    const run_id = await insertRun(awkwardRun());
    expect(await violated()).toEqual([]);
    expect((await owner.query("SELECT * FROM v_run_summary WHERE run_id = $1", [run_id])).rows).toMatchObject([
      {
        ending_equity: "99547.90000000",
        total_trades: 3,
        winning_trades: 1,
        losing_trades: 1,
        breakeven_trades: 1,
        open_trades: 2,
        profit_factor: 991 / 1499.75,
        exposure_time: 1,
        max_consecutive_wins: 1,
        total_financing: "-0.25000000",
      },
    ]);
  });
});

/** What v_violations has to say of these. */
async function expectCounted(view: string, count: number, client = owner): Promise<void> {
  const { rows } = await client.query("SELECT violations FROM v_violations WHERE check_name = $1", [view]);
  expect(rows).toEqual(view.startsWith("v_report_") ? [] : [{ violations: String(count) }]);
}

test.each(faults)("$view finds $fault", async ({ view, plant, as, violations: expected }) => {
  const client = as === "postgres" ? superuser : owner;
  await undone(client, async () => {
    await client.query(plant.replaceAll("$run", runId));
    expect(await violations(view, client)).toEqual(expected);
    await expectCounted(view, expected.length, client);
  });
  expect(await violations(view)).toEqual([]);
});

const results: [string, (runId: string) => Row][] = [
  ["trades", openTrade],
  ["positions", position],
  ["equity_points", equityPoint],
];
const unfinished = statuses
  .filter((status) => status !== "completed")
  .flatMap((status) => results.map(([table, row]) => ({ status, table, row })));

test.each(unfinished)("v_check_status finds $table of a $status run", async ({ status, table, row }) => {
  await undone(owner, async () => {
    const run_id = String((await insert(owner, "simulation_runs", runIn[status]())).run_id);
    await insert(owner, table, row(run_id));
    const { rows } = await owner.query("SELECT * FROM v_check_status");
    const rule = `status of a run with ${table}`;
    expect(rows).toEqual([{ run_id, subject: null, rule, stored: status, expected: "completed" }]);
    await expectCounted("v_check_status", 1);
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
    const change = `UPDATE simulation_runs SET total_trades = 126, breakeven_trades = 1,
      ending_equity = ending_equity + 1, net_profit = net_profit + 1 WHERE run_id = $1`;
    await owner.query(change, [other]);
    const subject = `runs ${runId}, ${same}, ${other}`;
    expect(await violations("v_check_determinism")).toEqual([
      [subject, "ending_equity", "117191.39570000 or 117192.39570000", "one result"],
      [subject, "total_trades", "125 or 126", "one result"],
    ]);
    await expectCounted("v_check_determinism", 2);
  });
});

test("a run of one hour breaks no check, though its growth in a year is no number, or next to nothing", async () => {
  await undone(owner, async () => {
    await insertRun(shortRun(110));
    await insertRun(shortRun(90));
    expect(await violated()).toEqual([]);
    const { rows } = await owner.query("SELECT cagr, calmar_ratio FROM simulation_runs WHERE run_id <> $1", [runId]);
    expect(rows).toEqual([
      { cagr: null, calmar_ratio: null },
      { cagr: -1, calmar_ratio: expect.closeTo(-10, 9) },
    ]);
  });
});

test("numbers at the edge of double precision break no check, but are found", async () => {
  await undone(owner, async () => {
    await owner.query("UPDATE simulation_runs SET cagr = 1.7e308, max_drawdown = 5e-324, sharpe_ratio = -1.7e308");
    expect(await violated()).toEqual(["v_check_derived_ratios", "v_check_equity_curve"]);
  });
});

test("every rule of every check is tried above", async () => {
  const tried = new Set([
    ...faults.flatMap(({ view, violations }) => violations.map(([, rule]) => `${view}: ${rule}`)),
    ...results.map(([table]) => `v_check_status: status of a run with ${table}`),
    ...["ending_equity", "total_trades"].map((rule) => `v_check_determinism: ${rule}`),
  ]);
  // Each rule is a literal of its view: a row of VALUES begins with it, or it is the column `rule`.
  const { rows } = await owner.query(
    `
    SELECT viewname || ': ' || coalesce(found[1], found[2]) AS rule
    FROM pg_views, regexp_matches(definition, $1, 'g') AS found
    WHERE viewname ~ '^v_(check|report)_'`,
    [`(?:VALUES |, )\\('([^']+)'::text,|'([^']+)'::text AS rule`],
  );
  expect(rows).toHaveLength(60);
  expect([...tried].sort()).toEqual(rows.map(({ rule }) => rule).sort());
});

test("every check is counted in v_violations", async () => {
  const { rows: views } = await owner.query("SELECT viewname FROM pg_views WHERE viewname ~ '^v_check_'");
  const { rows: counted } = await owner.query("SELECT check_name FROM v_violations");
  expect(counted.map(({ check_name }) => check_name).sort()).toEqual(views.map(({ viewname }) => viewname).sort());
});

test("every check has the same columns", async () => {
  const { rows } = await owner.query(`
    SELECT DISTINCT string_agg(format('%s %s', column_name, data_type), ', ' ORDER BY ordinal_position) AS columns
    FROM information_schema.columns WHERE table_name ~ '^v_(check|report)_' GROUP BY table_name`);
  expect(rows).toEqual([{ columns: "run_id bigint, subject text, rule text, stored text, expected text" }]);
});
