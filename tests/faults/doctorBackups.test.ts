import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspectContainers } from "../../operations/containers.ts";
import { imageChecks } from "../../operations/doctor/things.ts";
import { parseSettings } from "../../settings.ts";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Fault, type Patient } from "../support/doctor.ts";
import { docker } from "../support/project.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// Each test provokes a fault of scheduled backups, runs what doctor prints below it, and sees them well again.

const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

const place = mkdtempSync(join(tmpdir(), "place-"));
let clone: Clone;
let patient: Patient;
let container: string;

beforeAll(async () => {
  clone = makeClone({
    backups: JSON.stringify({ schedule: "0 3 * * *", place }),
    sampleData: "true",
  });
  patient = await setUpPatient(clone);
  container = clone.names.containers.backup;
  // The first backup is taken and proven at once.
  await becomesWell();
}, 8 * MINUTE);

afterAll(() => {
  clone.remove();
  rmSync(place, { recursive: true, force: true });
});

const onVolume = (server: "postgres" | "mongodb", script: string) =>
  docker("exec", clone.names.containers[server], "sh", "-c", script);

/** Waits until doctor finds nothing, without any command that helps. */
async function becomesWell(): Promise<void> {
  for (let faults = 1; faults > 0; await sleep(1000)) faults = (await faultsOf(clone)).length;
}

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
  cure: `${patient.setUp} && docker restart ${container} && ${patient.tradingDb("backup --prove")}`,
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

describe("a password of the schedule's that somebody changed in the server", () => {
  let refused: Fault[];

  test("is told while open connections still serve", async () => {
    const { outputs } = patient;
    await sqlAsSuperuser(outputs, "postgres", "ALTER ROLE trading_replicator PASSWORD 'of somebody else'");
    const change = 'db.getSiblingDB("admin").updateUser("trading_backup", { pwd: "of somebody else" })';
    expect(await clone.login(patient.tradingDb(`mongosh --eval '${change}'`))).toMatchObject({ code: 0 });
    const at = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
    refused = [
      {
        name: "PostgreSQL lets trading_replicator in",
        problem: `PostgreSQL at ${at(outputs.postgres.fromHost)} refuses trading_replicator in postgres: password authentication failed for user "trading_replicator".`,
        cure: patient.setUp,
      },
      {
        name: "MongoDB lets trading_backup in",
        problem: `MongoDB at ${at(outputs.mongodb.fromHost)} refuses the password of trading_backup.`,
        cure: patient.setUp,
      },
    ];
    expect(await faultsOf(clone)).toEqual(refused);
  });

  test("is the state's again when the container that it turned red is mended", async () => {
    await becomes("unhealthy");
    const faults = await faultsOf(clone);
    expect(faults).toEqual([failing(), ...refused]);
    await heal(clone, faults);
  });
});

test("F22: an image of backups that lost its name gets it back from the container", async () => {
  const { stdout } = await clone.login(patient.tradingDb("doctor"));
  expect(stdout).toContain("\n✔ image localhost/trading-db/backup:15-6.0\n");
  // A name of this stack alone, since others run on that one at the same time.
  const backupImage = `${clone.stackName}/backup`;
  const schedule = { "trading-db:backups": JSON.stringify({ schedule: "0 3 * * *", place }) };
  const settings = { ...parseSettings(clone.stackName, schedule), backupImage };
  const [found] = await inspectContainers([container]);
  const { look } = imageChecks(settings, new Map([[container, found!]])).at(-1)!;
  expect(await look()).toEqual({
    problem: `The image ${backupImage} is not here: the container ${container} can't be made anew.`,
    cure: `docker tag ${found!.imageId} ${backupImage}`,
  });
  await docker("tag", found!.imageId, backupImage);
  try {
    expect(await look()).toBeUndefined();
  } finally {
    await docker("rmi", "--force", backupImage);
  }
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
  // The schedule takes and proves a backup of what was restored: then what it put aside is told, too.
  await heal(clone, faults, 2);
  await patient.sameData();
});

test("what a restore put aside is told once the schedule has proven a backup of its own, and removed", async () => {
  expect(await clone.login(patient.tradingDb("restore --yes"))).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^✔ both databases are as they were in \S+; what they held before stays until the next `npx trading-db backup --prove`$/m,
    ),
  });
  let faults: Fault[] = [];
  for (; faults.length === 0; await sleep(1000)) faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "what a restore put aside is gone where a newer backup is proven",
      problem: expect.stringMatching(
        /^What a restore put aside still takes [1-9]\d+ MiB of the volumes, though the backup \S+Z was taken since, and is proven\.$/,
      ),
      cure: patient.tradingDb("backup --prove"),
    },
  ]);
  await heal(clone, faults);
  expect(await onVolume("postgres", "ls /var/lib/postgresql/data")).toBe("current");
  expect(await onVolume("mongodb", "ls /data/db")).toBe("current");
  await patient.sameData();
});

test("F18: what a restore that was killed left in the volumes is told, and removed", async () => {
  await onVolume("postgres", "mkdir -p /var/lib/postgresql/data/restoring/base /var/lib/postgresql/data/restoring.wal");
  await onVolume("mongodb", "mkdir /data/db/restoring");
  const { postgres, mongodb } = clone.names.containers;
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "no restore that was killed takes room",
      problem: expect.stringMatching(/^A restore that was killed left \d+ MiB in the volumes, which nothing uses\.$/),
      cure: `docker exec ${postgres} sh -c 'rm -rf /var/lib/postgresql/data/restor*' && docker exec ${mongodb} sh -c 'rm -rf /data/db/restor*'`,
    },
  ]);
  await heal(clone, faults);
  expect(await onVolume("postgres", "ls /var/lib/postgresql/data")).toBe("current");
  expect(await onVolume("mongodb", "ls /data/db")).toBe("current");
  await patient.sameData();
});

test("F27: after all passwords were made new the schedule goes on, and a restore rolls forward over that", async () => {
  expect(await clone.login(patient.tradingDb("credentials --rotate"))).toMatchObject({ code: 0, stderr: "" });
  const outputs = await clone.outputs();
  expect(outputs.postgres.passwords.trading_replicator).not.toBe(patient.outputs.postgres.passwords.trading_replicator);
  expect(outputs.backups!.mongodbPassword).not.toBe(patient.outputs.backups!.mongodbPassword);
  await becomesWell();

  const to = new Date().toISOString();
  await sleep(1100);
  await sqlAsSuperuser(outputs, outputs.postgres.database, "DELETE FROM trades");
  // Until both logs are archived so far, it is refused.
  const restore = () => clone.login(patient.tradingDb(`restore --to ${to} --yes`));
  for (let code = 1; code !== 0; await sleep(2000)) ({ code } = await restore());
  await patient.sameData();
});
