import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import { type TradingPostgres, startTradingPostgres } from "../../support/schemaPostgres.ts";
import {
  type Row,
  closedTrade,
  completedRun,
  equityPoint,
  insert,
  openTrade,
  position,
  queuedRun,
  runIn,
  statuses,
} from "../../support/tradingRows.ts";

jest.setTimeout(300_000);

let server: TradingPostgres;
let client: pg.Client;
let runId: string;

beforeAll(async () => {
  server = await startTradingPostgres();
  client = await server.connect("trading_user");
  runId = String((await insert(client, "simulation_runs", completedRun())).run_id);
});
afterAll(() => server?.remove());

beforeEach(() => client.query("BEGIN"));
afterEach(() => client.query("ROLLBACK"));

describe("what a trade and a position derive", () => {
  test("net_pnl is gross_pnl - commission + financing, and NULL while open", async () => {
    const closed = await insert(client, "trades", closedTrade(runId, { commission: "2.5", financing: "-0.25" }));
    const open = await insert(client, "trades", openTrade(runId, { trade_seq: 2, commission: 1 }));
    expect([closed.net_pnl, open.net_pnl]).toEqual(["97.25000000", null]);
  });

  test("a trade may enter and exit in one bar, at a negative price, and earn a rebate", async () => {
    const trade = {
      entry_price: "-37.63",
      exit_time: "2024-03-01T14:30:00Z",
      exit_price: "-13.10",
      gross_pnl: "245.30",
    };
    const stored = await insert(client, "trades", closedTrade(runId, { ...trade, commission: "-0.5" }));
    expect(stored.net_pnl).toBe("245.80000000");
  });

  test("side is the sign of quantity", async () => {
    const flat = { quantity: 0, avg_entry_price: null, cost_basis: 0, market_value: 0, unrealized_pnl: 0 };
    const stored = [
      await insert(client, "positions", position(runId)),
      await insert(client, "positions", position(runId, { symbol: "QQQ", quantity: -10 })),
      await insert(client, "positions", position(runId, { symbol: "TLT", ...flat })),
    ];
    expect(stored.map(({ side }) => side)).toEqual(["long", "short", "flat"]);
  });
});

describe("the status of a run", () => {
  const hints: Record<string, string> = {
    queued: "A queued run can become running, failed or cancelled.",
    running: "A running run can become completed, failed or cancelled.",
    completed: "A completed run is final; start a new run instead.",
    failed: "A failed run is final; start a new run instead.",
    cancelled: "A cancelled run is final; start a new run instead.",
  };
  const allowed: Record<string, string[]> = {
    queued: ["running", "failed", "cancelled"],
    running: ["completed", "failed", "cancelled"],
  };
  const pairs = statuses.flatMap((from) => statuses.map((to) => [from, to] as const));

  test.each(pairs)("%s -> %s", async (from, to) => {
    const { run_id } = await insert(client, "simulation_runs", runIn[from]());
    const cleared: Row = Object.fromEntries(
      Object.keys({ ...completedRun(), ...runIn.failed() }).map((column) => [column, null]),
    );
    const changes: Row = { ...cleared, ...queuedRun(), ...runIn[to](), status: to };
    const assignments = Object.keys(changes).map((column, index) => `${column} = $${index + 2}`);
    const update = client.query(`UPDATE simulation_runs SET ${assignments.join(", ")} WHERE run_id = $1`, [
      run_id,
      ...Object.values(changes),
    ]);
    if (from === to || allowed[from]?.includes(to)) {
      await expect(update).resolves.toMatchObject({ rowCount: 1 });
    } else {
      await expect(update).rejects.toMatchObject({
        message: `run ${run_id} cannot go from ${from} to ${to}`,
        hint: hints[from],
        code: "23514",
        constraint: "guard_run_status",
      });
    }
  });
});

test("updated_at follows every change of a run", async () => {
  const before = await insert(client, "simulation_runs", queuedRun({ updated_at: "2020-01-01T00:00:00Z" }));
  const { rows } = await client.query(
    "UPDATE simulation_runs SET description = 'new' WHERE run_id = $1 RETURNING updated_at = now() AS touched",
    [before.run_id],
  );
  expect(rows).toEqual([{ touched: true }]);
});

test("deleting a run deletes all of it, and nothing of another", async () => {
  const other = String((await insert(client, "simulation_runs", completedRun())).run_id);
  for (const run of [runId, other]) {
    await insert(client, "trades", openTrade(run));
    await insert(client, "positions", position(run));
    await insert(client, "equity_points", equityPoint(run));
  }
  await client.query("DELETE FROM simulation_runs WHERE run_id = $1", [runId]);
  for (const table of ["simulation_runs", "trades", "positions", "equity_points"]) {
    const { rows } = await client.query(`SELECT run_id FROM ${table}`);
    expect(rows).toEqual([{ run_id: other }]);
  }
});
