import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import { load, loadTrading } from "../../support/tradingLoad.ts";
import { queryFiles, readQuery } from "../../support/tradingQueries.ts";

jest.setTimeout(300_000);

let server: TradingPostgres;
let user: pg.Client;

beforeAll(async () => {
  server = await startTradingPostgres();
  user = await server.connect("trading_user");
  await loadTrading(user);
  await (await server.connect("trading_migrator")).query("ANALYZE");
}, 400_000);
afterAll(() => server?.remove());

const variables = {
  metric: "sharpe_ratio",
  periods_per_year: 252,
  min_trades: 30,
  max_drawdown: 0.25,
  rows: 50,
  run_id: 17,
  run_uid: "01943bea-5300-7000-8000-000000000001",
  after_trade_seq: 4000,
  symbol: "SPY",
  algorithm_name: "algorithm_7",
  sweep_id: load.sweepId,
  row_parameter: "slow_period",
  column_parameter: "fast_period",
  stuck_after: "2 hours",
  since: new Date(Date.now() - 7 * 86_400_000).toISOString(),
};

/**
 * For each query the tables that it reads, and on each the index that it goes by.
 * All trades of a run: two indexes begin with run_id, and the planner takes either.
 */
const expected: Record<string, Record<string, string[]>> = {
  "01_leaderboard.sql": { simulation_runs: ["simulation_runs_by_sharpe"] },
  "02_run_summary.sql": { simulation_runs: ["simulation_runs_run_uid_key"] },
  "03_equity_curve.sql": { simulation_runs: ["simulation_runs_pkey"], equity_points: ["equity_points_pkey"] },
  "04_trades_by_page.sql": { trades: ["trades_pkey"] },
  "05_symbol_breakdown.sql": { trades: ["trades_by_symbol"] },
  "06_final_positions.sql": { simulation_runs: ["simulation_runs_pkey"], positions: ["positions_pkey"] },
  "07_version_comparison.sql": { simulation_runs: ["simulation_runs_by_algorithm"] },
  "08_sweep_heatmap.sql": { simulation_runs: ["simulation_runs_by_sweep"] },
  "09_best_and_worst_trades.sql": { trades: ["trades_by_symbol", "trades_pkey"] },
  "09_monthly_returns.sql": {
    simulation_runs: ["simulation_runs_pkey"],
    equity_points: ["equity_points_pkey"],
    trades: ["trades_by_symbol", "trades_pkey"],
  },
  "10_outcomes_by_day.sql": { simulation_runs: ["simulation_runs_by_created_at"] },
  "10_queue.sql": { simulation_runs: ["simulation_runs_in_progress"] },
};

/** A node of EXPLAIN (FORMAT JSON). */
interface PlanNode {
  "Relation Name"?: string;
  "Index Name"?: string;
  Plans?: PlanNode[];
}

interface Read {
  /** Table or partition. */
  relation: string;
  /** The table that a partition is of, or the table itself. */
  table: string;
  /** Index by which it is read, as its table names it; null for a scan of all of it. */
  index: string | null;
}

async function readsOf(query: string): Promise<Read[]> {
  const { rows: plan } = await user.query(`EXPLAIN (FORMAT JSON) ${query}`);
  const found = scans(plan[0]["QUERY PLAN"][0].Plan);
  const { rows } = await user.query(
    `SELECT relation, coalesce(parent.relname, relation) AS table, coalesce(whole.relname, index) AS index
     FROM json_to_recordset($1) AS read (relation text, index text)
     LEFT JOIN pg_class AS leaf ON leaf.relname = relation
     LEFT JOIN pg_inherits AS of ON of.inhrelid = leaf.oid LEFT JOIN pg_class AS parent ON parent.oid = of.inhparent
     LEFT JOIN pg_class AS part ON part.relname = index
     LEFT JOIN pg_inherits AS within ON within.inhrelid = part.oid LEFT JOIN pg_class AS whole ON whole.oid = within.inhparent
     ORDER BY relation`,
    [JSON.stringify(found)],
  );
  return rows;
}

/** Each relation of a plan with its index, which a bitmap scan has in the node below it. */
function scans(node: PlanNode): { relation: string; index?: string }[] {
  const below = node.Plans ?? [];
  const relation = node["Relation Name"];
  if (relation === undefined) return below.flatMap(scans);
  return [{ relation, index: node["Index Name"] ?? below[0]?.["Index Name"] }];
}

test("a million trades are there, in all partitions, with equity points and positions", async () => {
  const { rows } = await user.query(`
    SELECT (SELECT count(*) FROM trades) AS trades, (SELECT count(DISTINCT tableoid) FROM trades) AS partitions,
      (SELECT count(DISTINCT run_id) FROM equity_points) AS curves, (SELECT count(*) FROM positions) AS positions`);
  expect(rows).toEqual([{ trades: "1000000", partitions: "32", curves: "125", positions: "100646" }]);
});

test("every query has a plan to be expected", () => {
  expect(Object.keys(expected).sort()).toEqual(queryFiles);
});

test.each(queryFiles)("%s reads by its index, and one partition of a table where a run is given", async (file) => {
  const indexes = expected[file] ?? {};
  const reads = await readsOf(readQuery(file, variables));
  expect(reads.map(({ table }) => table).sort()).toEqual(Object.keys(indexes).sort());
  for (const { table, index } of reads) expect(indexes[table]).toContain(index);
});

const rankings = [
  ["total_return", "simulation_runs_by_return"],
  ["calmar_ratio", "simulation_runs_by_calmar"],
];

test.each(rankings)("01_leaderboard.sql by %s reads by its index", async (metric, index) => {
  const reads = await readsOf(readQuery("01_leaderboard.sql", { ...variables, metric }));
  expect(reads.map((read) => read.index)).toEqual([index]);
});

test("the runs of a configuration are found by its hash", async () => {
  const reads = await readsOf(`SELECT * FROM simulation_runs WHERE config_hash = repeat(md5('7'), 2)`);
  expect(reads.map((read) => read.index)).toEqual(["simulation_runs_by_config"]);
});

test("the runs that held a symbol are found by it, in all partitions", async () => {
  const reads = await readsOf(`SELECT run_id FROM positions WHERE symbol = '${load.rareSymbol}' AND quantity <> 0`);
  expect(reads.map((read) => read.index)).toEqual(Array(32).fill("positions_by_symbol"));
});

test("the tables have these indexes and no other: each costs at every load", async () => {
  const { rows } = await user.query(`
    SELECT regexp_replace(indexdef, '^CREATE | ON (ONLY )?public[.]\\w+ USING btree', '', 'g') AS definition
    FROM pg_indexes WHERE schemaname = 'public' ORDER BY tablename, indexname`);
  const completed = "WHERE (status = 'completed'::text)";
  expect(rows.map(({ definition }) => definition)).toEqual([
    "UNIQUE INDEX equity_points_pkey (run_id, ts)",
    "INDEX positions_by_symbol (symbol, run_id)",
    "UNIQUE INDEX positions_pkey (run_id, symbol)",
    `INDEX simulation_runs_by_algorithm (algorithm_name, algorithm_version, sharpe_ratio DESC NULLS LAST) ${completed}`,
    `INDEX simulation_runs_by_calmar (periods_per_year, calmar_ratio DESC NULLS LAST, run_id) ${completed}`,
    "INDEX simulation_runs_by_config (config_hash)",
    "INDEX simulation_runs_by_created_at (created_at DESC)",
    `INDEX simulation_runs_by_return (periods_per_year, total_return DESC NULLS LAST, run_id) ${completed}`,
    `INDEX simulation_runs_by_sharpe (periods_per_year, sharpe_ratio DESC NULLS LAST, run_id) ${completed}`,
    "UNIQUE INDEX simulation_runs_by_sweep (sweep_id, trial_no) " +
      "WHERE ((sweep_id IS NOT NULL) AND (status <> ALL (ARRAY['failed'::text, 'cancelled'::text])))",
    "INDEX simulation_runs_in_progress (status, queued_at) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]))",
    "UNIQUE INDEX simulation_runs_pkey (run_id)",
    "UNIQUE INDEX simulation_runs_run_uid_key (run_uid)",
    "INDEX trades_by_symbol (run_id, symbol)",
    "UNIQUE INDEX trades_pkey (run_id, trade_seq)",
  ]);
});

test("without a run there is no partition to choose: the trades of a symbol are looked for in all", async () => {
  expect(await readsOf("SELECT * FROM trades WHERE symbol = 'SPY'")).toHaveLength(32);
});

/** The checks that look at runs: the others look at groups of runs, or at the tables themselves. */
const checksOfRuns = [
  ...["trade_counts", "trade_money", "derived_ratios", "positions", "equity_identity", "position_values"],
  ...["equity_curve", "trade_arithmetic", "trade_sequence", "times", "status", "symbols"],
];

test.each(checksOfRuns)("v_check_%s of one run reads the partitions of one remainder", async (check) => {
  const reads = await readsOf(`SELECT * FROM v_check_${check} WHERE run_id = 17`);
  const remainders = reads
    .map(({ relation }) => /_p(\d\d)$/.exec(relation)?.[1])
    .filter((number) => number !== undefined);
  expect(new Set(remainders).size).toBe(check === "derived_ratios" ? 0 : 1);
});

test("a run of 8,000 trades is deleted through indexes alone, in moments", async () => {
  const begin = performance.now();
  const { rowCount } = await user.query("DELETE FROM simulation_runs WHERE run_id = 99");
  expect(rowCount).toBe(1);
  expect(performance.now() - begin).toBeLessThan(5000);
  const { rows } = await user.query("SELECT count(*) FROM trades WHERE run_id = 99");
  expect(rows).toEqual([{ count: "0" }]);
});
