import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
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
  const health = () => docker("inspect", "--format", "{{.State.Health.Status}}", container);
  while ((await health()) !== "unhealthy") await sleep(1000);
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: `container ${container}`,
      problem: expect.stringMatching(
        new RegExp(`^The container ${container} runs, but its backups fail\\. Its last words: .+$`),
      ),
      cure: `docker restart ${container} && ${patient.tradingDb("backup --prove")}`,
    },
  ]);
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

test("F17: a restore that was ended between its two volumes is told, and another one makes them of one time", async () => {
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
