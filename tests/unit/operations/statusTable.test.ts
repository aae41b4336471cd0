import { expect, test } from "@jest/globals";
import { renderStatus } from "../../../operations/statusTable.ts";

test("the state of both databases is a table without colours", () => {
  const table = renderStatus([
    {
      database: "trading_results",
      address: "127.0.0.1:5432",
      user: "trading_user",
      container: "trading-postgres",
      state: "running, healthy",
      schemaVersion: "0018_grant_privileges.sql",
    },
    {
      database: "trading_configs",
      address: "127.0.0.1:27017",
      user: "admin",
      container: "trading-mongodb",
      state: "missing",
      schemaVersion: "0003_create_simulation_configs.ts",
    },
  ]);
  expect(table.split("\n")).toEqual([
    "┌─────────────────┬─────────────────┬──────────────┬──────────────────┬──────────────────┬────────┐",
    "│ database        │ address         │ user         │ container        │ state            │ schema │",
    "│ trading_results │ 127.0.0.1:5432  │ trading_user │ trading-postgres │ running, healthy │ 0018   │",
    "│ trading_configs │ 127.0.0.1:27017 │ admin        │ trading-mongodb  │ missing          │ 0003   │",
    "└─────────────────┴─────────────────┴──────────────┴──────────────────┴──────────────────┴────────┘",
  ]);
});
