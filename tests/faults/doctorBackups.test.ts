import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Fault, type Patient } from "../support/doctor.ts";
import { docker } from "../support/project.ts";

// Each test provokes a fault of scheduled backups, runs what doctor prints below it, and sees them well again.

const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

const place = mkdtempSync(join(tmpdir(), "place-"));
let clone: Clone;
let patient: Patient;
let container: string;

beforeAll(async () => {
  clone = makeClone({
    backups: JSON.stringify({ schedule: "0 3 * * *", place }).replaceAll('"', '\\"'),
    sampleData: "true",
  });
  patient = await setUpPatient(clone);
  container = clone.names.containers.backup;
  // The first backup is taken and proven at once.
  for (let faults = 1; faults > 0; await sleep(1000)) faults = (await faultsOf(clone)).length;
}, 8 * MINUTE);

afterAll(() => {
  clone.remove();
  rmSync(place, { recursive: true, force: true });
});

const onVolume = (server: "postgres" | "mongodb", script: string) =>
  docker("exec", clone.names.containers[server], "sh", "-c", script);

async function becomes(wanted: string): Promise<void> {
  const health = () => docker("inspect", "--format", "{{.State.Health.Status}}", container);
  while ((await health()) !== wanted) await sleep(1000);
}

/** What is told of a container whose backups fail. */
const failing = (): Fault => ({
  name: `container ${container}`,
  problem: expect.stringMatching(
    new RegExp(`^The container ${container} runs, but its backups fail\\. Its last words: .+$`),
  ) as unknown as string,
  cure: `docker restart ${container} && ${patient.tradingDb("backup --prove")}`,
});

test("a container of backups that was killed is started", async () => {
  await docker("kill", container);
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: `container ${container}`,
      problem: `The container ${container} is exited, with exit code 137.`,
      cure: patient.tradingDb("start"),
    },
  ]);
  await heal(clone, faults);
});

test("one that hangs turns red, and is started anew", async () => {
  // Node calls its main thread so.
  const agent = "grep -lx MainThread /proc/[0-9]*/comm | cut -d / -f 3";
  await docker("exec", container, "sh", "-c", `kill -STOP $(${agent})`);
  await becomes("unhealthy");
  const faults = await faultsOf(clone);
  expect(faults).toEqual([failing()]);
  await heal(clone, faults);
});

test("a stack of which no backup is proven gets one", async () => {
  await clone.login(`rm ${join(place, clone.stackName)}/*/proof.json`);
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "the last proven backup is as young as the schedule wants",
      problem: `No backup of stack ${clone.stackName} is proven.`,
      cure: patient.tradingDb("backup --prove"),
    },
  ]);
  await heal(clone, faults);
});

test("F16: a damaged backup is told and put beside, and where no newer one is proven another one is taken", async () => {
  const backups = readdirSync(join(place, clone.stackName)).filter((name) => /^\d{4}-.+Z$/.test(name));
  const [oldest, newest] = [backups.sort()[0]!, backups.at(-1)!].map((name) => join(place, clone.stackName, name));
  const cutOff = (folder: string): Fault => {
    const file = join(folder, "mongodb.archive.zst");
    const { size } = statSync(file);
    truncateSync(file, size - 1);
    const problem = `The backup ${folder} is damaged: mongodb.archive.zst has ${size - 1} bytes instead of ${size}.`;
    return { name: "no backup is damaged", problem, cure: `mv "${folder}" "${folder}.damaged"` };
  };

  const ofOldest = cutOff(oldest!);
  const faults = await faultsOf(clone);
  expect(faults).toEqual([ofOldest]);
  await heal(clone, faults);

  const ofNewest = cutOff(newest!);
  const again = await faultsOf(clone);
  expect(again).toEqual([
    { ...ofNewest, cure: `${ofNewest.cure} && ${patient.tradingDb("backup --prove")}` },
    expect.objectContaining({ problem: `No backup of stack ${clone.stackName} is proven.` }),
  ]);
  await heal(clone, again);
  for (const folder of [oldest, newest]) expect(existsSync(`${folder}.damaged/manifest.json`)).toBe(true);
});

test("F18: a restore that was ended between its two volumes is told, and another one makes them of one time", async () => {
  // As the first half of a switch leaves them.
  await onVolume("postgres", "mkdir /var/lib/postgresql/data/previous-2026-01-01T00-00-00-000Z");
  await onVolume("mongodb", "mkdir /data/db/restored");
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "both databases are of the same restore",
      problem:
        "A restore was ended between its two databases: PostgreSQL holds what was restored, and MongoDB what was there before. Run that restore again, or the newest backup's.",
      cure: patient.tradingDb("restore --yes"),
    },
  ]);
  await heal(clone, faults);
  await patient.sameData();
});
