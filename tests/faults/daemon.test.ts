import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, type Clone } from "../support/clone.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

// F20 on a daemon of its own, since others have containers on the machine's.

const MINUTE = 60_000;
jest.setTimeout(5 * MINUTE);

const IMAGES = ["postgres:15", "mongo:6.0", "backup:15-6.0", "pgadmin4:9.18", "mongo-express:1.0.2"].map(
  (name) => `localhost/trading-db/${name}`,
);

let clone: Clone;
let daemon: Daemon;
let before: string;
const place = mkdtempSync(join(tmpdir(), "place-"));

beforeAll(async () => {
  // All that a stack can have.
  clone = makeClone({
    adminTools: "true",
    backups: JSON.stringify({ schedule: "0 3 * * *", place }),
    sampleData: "true",
  });
  expect(await clone.setUp(["--prepare"])).toMatchObject({ code: 0 });
  daemon = await startDaemon();
  await daemon.load(IMAGES);
  expect(await inside(`./setup-databases.sh --stack ${clone.stackName}`)).toMatchObject({ code: 0, stderr: "" });
  before = await contents();
  // Of the first backup, which is taken at once.
  await becomesWell();
}, 8 * MINUTE);

afterAll(async () => {
  await daemon?.remove();
  clone.remove();
  rmSync(place, { recursive: true });
}, MINUTE);

const inside = (command: string) => clone.login(`${daemon.inside} ${command}`);
const tradingDb = (command: string) => inside(`npx trading-db --stack ${clone.stackName} ${command}`);

/** All rows and documents, and the identity of the cluster: one that was initialised anew has another. */
async function contents(): Promise<string> {
  const rows = ["simulation_runs", "trades", "positions"].map(
    (table) => `SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${table} AS t`,
  );
  const sql = ["SELECT system_identifier FROM pg_control_system()", ...rows].join("; ");
  const results = await tradingDb(`psql -Atc "${sql}"`);
  const configs = await tradingDb('mongosh --quiet --eval "db.runCommand({ dbHash: 1 }).md5"');
  expect([results, configs]).toMatchObject([{ code: 0 }, { code: 0 }]);
  return results.stdout + configs.stdout;
}

/** Waits until doctor finds nothing, without any command that helps. */
async function becomesWell(): Promise<void> {
  for (const deadline = Date.now() + 2 * MINUTE; ; await sleep(2000)) {
    const { code, stdout, stderr } = await tradingDb("doctor");
    if (code === 0) return;
    if (Date.now() > deadline) throw new Error(stdout + stderr);
  }
}

test.each([
  { fate: "is started anew", signal: "SIGTERM" },
  { fate: "loses its power, with all containers,", signal: "SIGKILL" },
] as const)(
  "a daemon that $fate brings all containers back by itself, and the databases with all their data",
  async ({ signal }) => {
    await daemon.stop(signal);
    expect((await tradingDb("doctor --json")).code).toBe(1);
    await daemon.start();
    await becomesWell();
    expect(await contents()).toBe(before);
    const again = `pulumi preview --refresh --expect-no-changes --non-interactive --stack ${clone.stackName}`;
    expect(await inside(again)).toMatchObject({ code: 0 });
  },
);
