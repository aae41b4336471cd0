import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nameResources } from "../../naming.ts";
import { makeClone, run, type Clone, type Run } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
import { fingerprint } from "../support/fingerprint.ts";
import { killGroup } from "../support/killGroup.ts";
import { docker, remainsOf, removeFromDaemon } from "../support/project.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// What a terminal sends to `trading-db backup` and `restore` and to all that they have started, and a kill of them all.

const MINUTE = 60_000;
jest.setTimeout(4 * MINUTE);

let clone: Clone;
let patient: Patient;
/** Stands for the data that were changed after the backup. */
let changed: string;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  patient = await setUpPatient(clone);
  expect(await begin("backup").ended).toMatchObject({ code: 0 });
  await sqlAsSuperuser(patient.outputs, patient.outputs.postgres.database, "DELETE FROM trades");
  changed = await fingerprint(patient.outputs);
}, 8 * MINUTE);
afterAll(() => clone.remove());

const begin = (...args: string[]) => run(clone.folder, ["cli/trading-db", "--stack", clone.stackName, ...args]);
const backups = () => readdirSync(join(clone.folder, "backups", clone.stackName));
const restore = () => begin("restore", ...backups(), "--yes");

const send = (run: Run, signal: NodeJS.Signals) => process.kill(-run.process.pid!, signal);

async function expectUnchanged(): Promise<void> {
  expect(await faultsOf(clone)).toEqual([]);
  expect(await fingerprint(patient.outputs)).toBe(changed);
}

test("F19: Ctrl-C keeps nothing of a backup", async () => {
  const before = backups();
  const run = begin("backup");
  await run.shows("copying PostgreSQL");
  send(run, "SIGINT");
  expect(await run.ended).toMatchObject({ code: 130, stderr: "✖ Stopped, as asked. No backup was kept.\n" });
  expect(backups()).toEqual(before);
});

test.each([
  ["Ctrl-C", "SIGINT", 130],
  ["a closed terminal", "SIGHUP", 129],
] as [string, NodeJS.Signals, number][])(
  "F19: %s (%s) ends the preparation of a restore, and nothing of it stays",
  async (_name, signal, code) => {
    const run = restore();
    await run.shows("restoring MongoDB");
    send(run, signal);
    expect(await run.ended).toMatchObject({
      code,
      stderr: "✖ Stopped, as asked. The data that are in use were not touched.\n",
    });
    await expectUnchanged();
    const { postgres, mongodb } = patient.outputs;
    expect(await docker("exec", postgres.container, "ls", "/var/lib/postgresql/data")).toBe("current");
    expect(await docker("exec", mongodb.container, "ls", "/data/db")).toBe("current");
  },
);

test.each([
  ["Ctrl-C", "SIGINT", 130],
  ["a closed terminal", "SIGHUP", 129],
] as [string, NodeJS.Signals, number][])(
  "F19: %s (%s) in the switch of a restore brings back what was in use",
  async (_name, signal, code) => {
    const run = restore();
    await run.shows("switching");
    await isRunning(false);
    send(run, signal);
    expect(await run.ended).toMatchObject({
      code,
      stderr: "✖ Stopped, as asked.\nThe data that were in use before are in use again.\n",
    });
    await expectUnchanged();
  },
);

test.each([
  ["Ctrl-C", "SIGINT", 130],
  ["SIGTERM", "SIGTERM", 143],
] as [string, NodeJS.Signals, number][])(
  "F19: %s (%s) ends the making of a clone in order, and what was made of it goes by the command that is told",
  async (_name, signal, code) => {
    const branch = `${clone.stackName}-branch`;
    const branchNames = nameResources(branch);
    try {
      const run = begin("clone", branch);
      const isBegun = async () => (await remainsOf(branchNames)).some((thing) => thing.startsWith("container "));
      for (const deadline = Date.now() + MINUTE; Date.now() < deadline && !(await isBegun());) await sleep(50);
      if (signal === "SIGTERM") process.kill(run.process.pid!, signal);
      else send(run, signal);
      const reset = `reset ${branch} --stack ${branch}`;
      expect(await run.ended).toMatchObject({
        code,
        stderr: `✖ Stopped, as asked.\nTo remove what was made of it: npx trading-db ${reset}\n`,
      });
      expect(await clone.login(`npx trading-db ${reset}`)).toMatchObject({ code: 0, stderr: "" });
      expect(await remainsOf(branchNames)).toEqual([]);
    } finally {
      removeFromDaemon(branchNames);
    }
    await expectUnchanged();
  },
);

test("F18: after a restore that was killed when it had switched, what doctor prints makes MongoDB's set", async () => {
  const run = restore();
  await run.shows("switching");
  await isRunning(false);
  await isRunning(true);
  killGroup(run.process);
  await run.ended;
  expect(await begin("start").ended).toMatchObject({ code: 0 });
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "MongoDB is the primary of rs0",
      problem: "MongoDB was never made a member of rs0.",
      cure: patient.setUp,
    },
  ]);
  await heal(clone, faults);
  await patient.sameData();
});

/** Waits until MongoDB's server, the last of both to be stopped and started, runs or does not. */
async function isRunning(wanted: boolean): Promise<void> {
  const { container } = patient.outputs.mongodb;
  while ((await docker("inspect", "--format", "{{.State.Running}}", container)) !== `${wanted}`) await sleep(20);
}
