import { expect, test } from "@jest/globals";
import { statusScreen } from "../../../cli/statusScreen.ts";
import { bytes } from "../../../cli/units.ts";
import type { StackStatus } from "../../../operations/status.ts";

const status: StackStatus = {
  healthy: false,
  containers: [
    { name: "trading-postgres", state: "running", health: "healthy" },
    { name: "trading-mongodb", state: "exited", health: "none" },
  ],
  databases: {
    postgresql: {
      database: "trading_results",
      server: {
        version: "15.20",
        since: "2026-11-25T15:29:16.081Z",
        size: 12_345_678,
        connections: { used: 3, most: 100 },
        slowQueries: [{ query: `SELECT ${"x".repeat(80)}`, calls: 2, seconds: 1.5 }],
        replication: [{ name: "standby", state: "streaming" }],
      },
      migrations: { version: "0018_grant_privileges.sql", applied: 18, pending: ["0019_add_note.sql"], refusals: [] },
    },
    mongodb: {
      database: "trading_configs",
      server: { problem: "MongoDB at 127.0.0.1:27017 can't be reached." },
      migrations: { problem: "MongoDB at 127.0.0.1:27017 can't be reached." },
    },
  },
  disk: { free: 5 * 2 ** 30, total: 2 ** 40 },
  backups: { number: 2, lastProven: null },
};

test("all of a stack is on one screen, what is wrong with its reason", () => {
  expect(statusScreen("dev", status).join("\n").split("\n")).toEqual([
    "Stack dev is NOT healthy.",
    "",
    "┌──────────────────┬─────────┬─────────┐",
    "│ container        │ state   │ health  │",
    "│ trading-postgres │ running │ healthy │",
    "│ trading-mongodb  │ exited  │ none    │",
    "└──────────────────┴─────────┴─────────┘",
    "┌─────────────────┬─────────────────┬──────────────────┬──────────┬─────────────┬───────────────────┬────────┬─────────┐",
    "│ database        │ version         │ up since         │ size     │ connections │ replication       │ schema │ pending │",
    "│ trading_results │ 15.20           │ 2026-11-25 15:29 │ 11.8 MiB │ 3 of 100    │ standby streaming │ 0018   │ 1       │",
    "│ trading_configs │ does not answer │                  │          │             │                   │ ?      │ ?       │",
    "└─────────────────┴─────────────────┴──────────────────┴──────────┴─────────────┴───────────────────┴────────┴─────────┘",
    "✖ trading_configs: MongoDB at 127.0.0.1:27017 can't be reached.",
    "┌────────────────────────────────────────────────────────────────────────┬───────┬─────────┐",
    "│ slow queries                                                           │ calls │ average │",
    `│ SELECT ${"x".repeat(62)}… │ 2     │ 1.5 s   │`,
    "└────────────────────────────────────────────────────────────────────────┴───────┴─────────┘",
    "Docker's disk has 5 GiB free of 1 TiB.",
    "None of 2 backups is proven. Make one: npx trading-db backup --prove",
  ]);
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1536 * 1024, "1.5 MiB"],
  [3 * 2 ** 50, "3072 TiB"],
])("%d bytes are %s", (count, words) => {
  expect(bytes(count)).toBe(words);
});
