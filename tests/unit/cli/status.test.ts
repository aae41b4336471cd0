import { expect, jest, test } from "@jest/globals";
import type { Engine, Ledger } from "../../../migrator/types.ts";

const ledger: Ledger = {
  version: "0001_a.sql",
  migrations: [{ name: "0001_a.sql", checksum: "x", appliedAt: new Date("2026-01-31T00:00:00Z") }],
  seeds: [],
  unfinished: { name: "0002_b.sql", done: ["x"] },
};
jest.mock("../../../migrator/run.ts", () => ({ readLedger: () => ledger }));

test.each<[Engine, string]>([
  ["postgresql", "statements"],
  ["mongodb", "steps"],
])("status of %s says after how many %s a file was interrupted", async (engine, parts) => {
  // After the mock: nothing puts it before the imports of this file.
  const { status } = await import("../../../cli/commands.ts");
  const connection = { host: "h", port: 1, database: "d", user: "u", password: "p" };
  expect((await status({ engine, connection, directory: "" })).lines).toEqual([
    "2026-01-31T00:00:00.000Z  0001_a.sql",
    `✖ 0002_b.sql was interrupted after 1 of its ${parts}`,
    "d is at 0001_a.sql",
  ]);
});
