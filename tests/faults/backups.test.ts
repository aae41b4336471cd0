import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listBackups } from "../../operations/backups/catalog.ts";
import { backUp, prove, restore } from "../../operations/backups/ofStack.ts";
import { proveBackup } from "../../operations/backups/prove.ts";
import { dataPaths, scratchContainer, type ScratchEngine } from "../../operations/backups/scratch.ts";
import { makeBackedUp, type BackedUp } from "../support/backedUp.ts";
import { startBackupRun } from "../support/backupRun.ts";
import { docker, execute } from "../support/project.ts";
import { asRoot } from "../../operations/process.ts";

const MINUTE = 60_000;
jest.setTimeout(4 * MINUTE);

/** Moments at which a backup is killed, spread over the time that one takes. */
const POINTS = Number(process.env["FAULT_POINTS"] ?? 3);

let system: BackedUp;
/** Milliseconds that a backup takes here. */
let duration: number;

beforeAll(async () => {
  system = await makeBackedUp();
  const began = performance.now();
  await prove(system, await backUp(system));
  duration = performance.now() - began;
}, 4 * MINUTE);
afterAll(() => system?.remove(), MINUTE);

const names = () => readdirSync(system.place).filter((name) => /^\d/.test(name));

describe("a backup whose process is killed is never published, and the next one removes what it left (F17)", () => {
  const points = Array.from({ length: POINTS }, (_, index) => (index + 0.5) / POINTS);

  test.each(points)("at %d of its time", async (point) => {
    const before = names().filter((name) => !name.endsWith(".unfinished"));
    const run = startBackupRun(system, "backup");
    await run.tells("begun");
    await sleep((point * duration) / 2);
    run.kill();
    await run.ended;
    const states = (await listBackups(system.place)).map(({ state }) => state);
    expect(states).not.toContain("damaged");
    const published = names().filter((name) => !name.endsWith(".unfinished") && !before.includes(name));
    // The last moment may be after the end.
    expect(published.length).toBeLessThanOrEqual(1);
    // What it had started ends with the pipe, and gives the lock back.
    for (const deadline = Date.now() + MINUTE; ; await sleep(500)) {
      const next = await backUp(system).catch((error: Error) => error);
      if (!(next instanceof Error)) {
        expect(names().filter((name) => name.endsWith(".unfinished"))).toEqual([]);
        rmSync(join(system.place, next), { recursive: true });
        return;
      }
      expect(next.message).toMatch(/^Another backup of this stack is under way\./);
      if (Date.now() > deadline) throw next;
    }
  });
});

test("a proof that is killed leaves no scratch, and the backup unproven; the next one proves it", async () => {
  const name = await backUp(system);
  const scratches = async () =>
    (await docker("ps", "--all", "--quiet", "--filter", "name=trading-scratch-")).split("\n").filter(Boolean);
  const others = await scratches();
  const run = startBackupRun(system, "prove", name);
  let own: string[] = [];
  for (; own.length < 2; await sleep(50)) own = (await scratches()).filter((id) => !others.includes(id));
  // Both servers are being restored.
  await sleep(1000);
  run.kill();
  expect(await run.ended).toMatchObject({ code: null });
  expect((await listBackups(system.place))[0]).toMatchObject({ name, state: "unproven" });
  // Each ends with the pipe that it reads from.
  while ((await scratches()).some((id) => own.includes(id))) await sleep(200);
  await prove(system, name);
  expect((await listBackups(system.place))[0]).toMatchObject({ name, state: "proven" });
});

describe("a backup whose server is killed keeps nothing, and says whose end it was (F17)", () => {
  test.each(["postgres", "mongodb"] as const)("%s", async (which) => {
    const before = names();
    const server = system.servers[which];
    const steps = { postgres: "copying PostgreSQL", mongodb: "dumping MongoDB" };
    const run = startBackupRun(system, "backup");
    await run.tells(steps[which]);
    await docker("kill", server.container);
    const { code, output } = await run.ended;
    await server.start();
    expect(code).toBe(1);
    expect(output).toMatch(/No backup was kept\./);
    expect(names()).toEqual(before);
    await sleep(3000);
    const next = await backUp(system);
    rmSync(join(system.place, next), { recursive: true });
  });
});

describe("on a disk that fills up (F09)", () => {
  let small: string;
  const mounted = async (size: string) => {
    small = mkdtempSync(join(tmpdir(), "small-"));
    expect(await execute(...asRoot(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", small]))).toMatchObject({
      code: 0,
    });
  };
  afterAll(async () => {
    await execute(...asRoot(["umount", small]));
    rmSync(small, { recursive: true, force: true });
  });

  test("a backup is refused by the name of its folder, keeps nothing, and succeeds once there is room", async () => {
    await mounted("2m");
    const place = join(small, "place");
    mkdirSync(place);
    await expect(backUp({ ...system, place })).rejects.toThrow(
      new Error(`The disk that holds ${place} is full. Free space on it, or name another folder. No backup was kept.`),
    );
    expect(readdirSync(place)).toEqual([]);
    expect(await execute(...asRoot(["mount", "-o", "remount,size=64m", small]))).toMatchObject({ code: 0 });
    const name = await backUp({ ...system, place });
    expect((await listBackups(place)).map(({ name, state }) => [name, state])).toEqual([[name, "unproven"]]);
  });

  // A volume of memory is empty for each container: that it is too small is all that is asked of it.
  let volume: string;
  let images: Record<ScratchEngine, string>;
  beforeAll(async () => {
    images = { postgresql: system.outputs.postgres.image, mongodb: system.outputs.mongodb.image };
    volume = `it-small-${system.stack}`;
    const options = ["type=tmpfs", "device=tmpfs", "o=size=20m,uid=999,gid=999"];
    await docker("volume", "create", ...options.flatMap((option) => ["--opt", option]), volume);
  });
  afterAll(() => docker("volume", "rm", volume));

  test("a proof is refused, and the backup is not called damaged for it", async () => {
    const [backup] = await listBackups(system.place);
    rmSync(join(backup!.folder, "proof.json"), { force: true });
    const proof = proveBackup(backup!.folder, undefined, (engine) =>
      scratchContainer(images[engine], `${dataPaths[engine]}/scratch`, [`${volume}:${dataPaths[engine]}`]),
    );
    await expect(proof).rejects.toThrow(
      /^There is no room to restore the backup into scratch servers: \d+ MB are left there\. Free space, and prove it again\. The backup was not judged\.$/,
    );
    expect((await listBackups(system.place))[0]).toMatchObject({ name: backup!.name, state: "unproven" });
  });

  test("a proof that wants more memory than it has is refused likewise", async () => {
    const [backup] = await listBackups(system.place);
    const proof = proveBackup(backup!.folder, undefined, async (engine) => {
      const name = `it-scratch-${engine}-${system.stack}`;
      const scratch = await scratchContainer(images[engine], `${dataPaths[engine]}/scratch`, [], name);
      if (engine === "mongodb") await docker("update", "--memory", "40m", "--memory-swap", "40m", name);
      return scratch;
    });
    await expect(proof).rejects.toThrow(
      new Error(
        "The kernel killed a process that restored the backup, for want of memory. Prove one where there is more: npx trading-db backup --prove. The backup was not judged.",
      ),
    );
    expect((await listBackups(system.place))[0]).toMatchObject({ name: backup!.name, state: "unproven" });
  });

  test("a proof whose scratch is gone in the middle is refused likewise", async () => {
    const [backup] = await listBackups(system.place);
    const proof = proveBackup(backup!.folder, undefined, async (engine) => {
      const name = `it-scratch-${engine}-${system.stack}`;
      const scratch = await scratchContainer(images[engine], `${dataPaths[engine]}/scratch`, [], name);
      setTimeout(() => void docker("kill", name), 1000);
      return scratch;
    });
    await expect(proof).rejects.toThrow(
      /^The scratch into which the backup was restored is gone\. The backup was not judged\. /,
    );
    expect((await listBackups(system.place))[0]).toMatchObject({ name: backup!.name, state: "unproven" });
  });

  test("a restore is refused by the name of the volume, and the data that are in use stay", async () => {
    const outputs = { ...system.outputs, postgres: { ...system.outputs.postgres, dataVolume: volume } };
    const [backup] = await listBackups(system.place);
    await expect(restore({ ...system, outputs }, backup!.name, undefined)).rejects.toThrow(
      new Error(
        `The disk that holds the volume ${volume} is full. Free space on it, and run this again. The data that are in use were not touched.`,
      ),
    );
    expect(await system.sql("SELECT count(*)::int FROM trades")).toEqual([{ count: 127 }]);
  });
});
