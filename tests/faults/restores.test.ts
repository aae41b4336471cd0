import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { rmSync } from "node:fs";
import { delimiter } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { backUp, restore } from "../../operations/backups/ofStack.ts";
import { restoreChecks } from "../../operations/doctor/restores.ts";
import { mongodbChecks } from "../../operations/doctor/mongodb.ts";
import { start } from "../../operations/lifecycle.ts";
import { makeBackedUp, type BackedUp } from "../support/backedUp.ts";
import { startBackupRun } from "../support/backupRun.ts";
import { cuttingDocker } from "../support/cuttingDocker.ts";
import { fingerprint } from "../support/fingerprint.ts";

const MINUTE = 60_000;
jest.setTimeout(4 * MINUTE);

/** Moments at which a restore is killed: half of them spread over its preparation, half over its switch. */
const POINTS = Number(process.env["FAULT_POINTS"] ?? 4);
const SWITCH = "switching to what was restored";

let system: BackedUp;
let backup: string;
/** Milliseconds that both parts of a restore take here. */
let preparing: number;
let switching: number;
/** Stands for all data that are in the backup. */
let restored: string;

beforeAll(async () => {
  system = await makeBackedUp();
  restored = await fingerprint(system.outputs);
  backup = await backUp(system);
  const run = startBackupRun(system, "restore", backup);
  await run.tells("begun");
  const begun = performance.now();
  await run.tells(SWITCH);
  preparing = performance.now() - begun;
  expect(await run.ended).toMatchObject({ code: 0 });
  switching = performance.now() - begun - preparing;
}, 6 * MINUTE);
afterAll(() => system?.remove(), MINUTE);

/** Makes one trade less and one configuration more than there are. @returns what stands for all data then */
async function change(): Promise<string> {
  await system.sql("DELETE FROM trades WHERE (run_id, trade_seq) = (SELECT run_id, trade_seq FROM trades LIMIT 1)");
  const documents = [{ _id: `written-at-${Date.now()}` }];
  await system.command({ insert: "simulator_configs", documents, bypassDocumentValidation: true });
  return fingerprint(system.outputs);
}

/** Starts the servers as `trading-db start` does. @returns what doctor tells then */
async function problems(): Promise<string[]> {
  await patiently(/ is exited\./, () => start(system.outputs));
  const checks = [
    ...restoreChecks(system.stack, system.outputs),
    ...(await mongodbChecks(system.stack, system.outputs)),
  ];
  const found = await Promise.all(checks.map(async ({ look }) => (await look())?.problem));
  return found.filter((problem) => problem !== undefined);
}

/** Does it again while Docker still ends what the killed process had asked of it. */
async function patiently(reason: RegExp, act: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + MINUTE; ; await sleep(500)) {
    const error = await act().then(
      () => undefined,
      (error: Error) => error,
    );
    if (error === undefined) return;
    if (!reason.test(error.message) || Date.now() > deadline) throw error;
  }
}

async function restoreAgain(): Promise<void> {
  await patiently(/^Another restore into the volume .* is under way\./, () => restore(system, backup, undefined));
  expect(await problems()).toEqual([]);
  expect(await fingerprint(system.outputs)).toBe(restored);
  expect((await system.beside()).flat().filter((name) => /^restor/.test(name))).toEqual([]);
}

/** What doctor may tell where the data that are in use are whole. */
const LEFT = /^A restore that was killed left \d+ MiB in the volumes, which nothing uses\.$/;

describe("F18: a restore that is killed leaves the data that were in use, or those of the backup, whole in both databases", () => {
  const points = (number: number) => Array.from({ length: number }, (_, index) => (index + 0.5) / number);

  test.each(points(Math.floor(POINTS / 2)))("at %d of its preparation", async (point) => {
    const before = await change();
    const run = startBackupRun(system, "restore", backup);
    await run.tells("begun");
    await sleep(point * preparing);
    run.kill();
    await run.ended;
    expect((await problems()).filter((problem) => !LEFT.test(problem))).toEqual([]);
    expect(await fingerprint(system.outputs)).toBe(before);
  });

  test.each(points(Math.ceil(POINTS / 2)))("at %d of its switch, or doctor tells what to do", async (point) => {
    const before = await change();
    const run = startBackupRun(system, "restore", backup);
    await run.tells(SWITCH);
    await sleep(point * switching);
    run.kill();
    await run.ended;
    if ((await problems()).length > 0) return restoreAgain();
    expect([before, restored]).toContain(await fingerprint(system.outputs));
  });

  test("and then it succeeds", restoreAgain);
});

const HALF =
  "A restore was ended between its two databases: PostgreSQL holds what was restored, and MongoDB what was there before. Run that restore again, or the newest backup's.";
const NO_SET = "MongoDB was never made a member of rs0.";

describe("F18: a restore that is killed in its switch", () => {
  test.each([
    ["before its first rename leaves what was in use", 0, []],
    ["between both of PostgreSQL has switched that, and doctor tells it", 1, [HALF]],
    ["between both databases has switched PostgreSQL, and doctor tells it", 2, [HALF]],
    ["between both of MongoDB has switched, and doctor tells that MongoDB has no set", 3, [NO_SET]],
    ["behind all renames has switched, and doctor tells that MongoDB has no set", 4, [NO_SET]],
  ] as [string, number, string[]][])("%s", async (_title, renames, told) => {
    const before = await change();
    const folder = cuttingDocker(renames);
    const variables = { PATH: `${folder}${delimiter}${process.env["PATH"]}` };
    const run = startBackupRun({ ...system, variables }, "restore", backup);
    expect(await run.ended).toMatchObject({ code: null });
    rmSync(folder, { recursive: true });
    expect(await problems()).toEqual(told);
    if (renames === 0) expect(await fingerprint(system.outputs)).toBe(before);
    const trades = (await system.sql("SELECT count(*)::int FROM trades"))[0]!["count"];
    expect(trades === 127).toBe(renames > 0);
    await restoreAgain();
  });
});

test("two restores at once: the second is refused, the first succeeds", async () => {
  const first = startBackupRun(system, "restore", backup);
  await first.tells("restoring PostgreSQL");
  await expect(restore(system, backup, undefined)).rejects.toThrow(
    new Error(`Another restore into the volume ${system.servers.postgres.volume} is under way. Wait for its end.`),
  );
  expect(await first.ended).toMatchObject({ code: 0 });
  expect(await system.counts()).toEqual([127, 6]);
});

test("a generation that does not come up is put away again, and the former one is in use", async () => {
  const before = await change();
  const { mongodb } = system.outputs;
  const outputs = { ...system.outputs, mongodb: { ...mongodb, fromHost: { host: "127.0.0.1", port: 1 } } };
  await expect(restore({ ...system, outputs }, backup, undefined)).rejects.toThrow(
    /The data that were in use before are in use again\.$/,
  );
  expect(await fingerprint(system.outputs)).toBe(before);
});
