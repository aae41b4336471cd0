import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { table } from "../operations/table.ts";
import { makeBackedUp, type BackedUp } from "../tests/support/backedUp.ts";
import { startBackupRun } from "../tests/support/backupRun.ts";
import { backUpBare, restoreBare } from "./backups/bare.ts";
import { fill, type Sizes } from "./backups/fill.ts";
import { median } from "./report.ts";

/** Bytes of both databases: a tenth first, for the memory, then all. */
const STEPS = [100e6, 1e9];
/** The highest ratios that are wanted: times to the bare tools', memory at all to that at a tenth. */
const WANTED = { time: 1.15, memory: 1.2 };

interface Round {
  load: number;
  /** Seconds. */
  bare: { backup: number; restore: number };
  ours: { backup: number; restore: number };
  /** Highest resident memory of our process, in bytes. */
  memory: { backup: number; restore: number };
}

/** Measures backups and restores beside the servers' own tools, on the same servers, in turn. @param scale part of all bytes */
export async function benchBackups(runs: number, json: boolean, scale: number): Promise<void> {
  const system = await makeBackedUp();
  const bare = mkdtempSync(join(tmpdir(), "trading-db-bench-"));
  try {
    const steps: { sizes: Sizes; rounds: Round[] }[] = [];
    for (const bytes of STEPS) {
      console.error(`filling both databases to ${(bytes * scale) / 1e6} MB`);
      const sizes = await fill(system.outputs, bytes * scale);
      const rounds: Round[] = [];
      for (let run = 0; run < runs; run++) {
        console.error(`run ${run + 1} of ${runs}`);
        rounds.push(await measure(system, bare));
      }
      steps.push({ sizes, rounds });
    }
    console.log(json ? JSON.stringify({ cores: cpus().length, wanted: WANTED, steps }) : report(steps));
  } finally {
    rmSync(bare, { recursive: true, force: true });
    await system.remove();
  }
}

async function measure(system: BackedUp, bare: string): Promise<Round> {
  const load = loadavg()[0]!;
  const bareTimes = {
    backup: await secondsOf(() => backUpBare(system.outputs, bare)),
    restore: await secondsOf(() => restoreBare(system.outputs, bare)),
  };
  const memory = { backup: 0, restore: 0 };
  const ours = {
    backup: await secondsOf(async () => (memory.backup = await ourRun(system, "backup"))),
    restore: await secondsOf(async () => (memory.restore = await ourRun(system, "restore"))),
  };
  // Each restore puts a generation aside, and each backup stays: the next run finds neither.
  for (const server of Object.values(system.servers)) await server.onVolume("rm -rf /volume/previous-*");
  for (const name of readdirSync(system.place)) rmSync(join(system.place, name), { recursive: true });
  return { load, bare: bareTimes, ours, memory };
}

async function secondsOf(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return (performance.now() - started) / 1000;
}

/** In a process of its own, whose memory is of nothing else. @returns its highest resident memory, in bytes */
async function ourRun(system: BackedUp, verb: "backup" | "restore"): Promise<number> {
  const { code, output } = await startBackupRun(system, verb).ended;
  if (code !== 0) throw new Error(`Our ${verb} ended with ${code}:\n${output}`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(output)![1]) * 1024;
}

function report(steps: { sizes: Sizes; rounds: Round[] }[]): string {
  const rows = steps.flatMap(({ sizes, rounds }) =>
    (["backup", "restore"] as const).map((what) => [
      `${what} of ${mega(sizes.postgresql)} + ${mega(sizes.mongodb)}`,
      seconds(rounds.map(({ bare }) => bare[what])),
      seconds(rounds.map(({ ours }) => ours[what])),
      ratio(rounds, what),
      mega(median(rounds.map(({ memory }) => memory[what]))),
    ]),
  );
  const [small, large] = steps as [(typeof steps)[0], (typeof steps)[0]];
  const growth = (what: "backup" | "restore") =>
    median(large.rounds.map(({ memory }) => memory[what])) / median(small.rounds.map(({ memory }) => memory[what]));
  const verdict = (value: number, most: number) =>
    `${value.toFixed(2)}x, wanted at most ${most}x: ${value <= most ? "as wanted" : "MISSED"}`;
  return [
    `median of ${large.rounds.length} runs on ${cpus().length} cores, loads ${large.rounds.map(({ load }) => load.toFixed(1)).join(" ")}`,
    table(["", "bare tools", "ours", "ratio", "memory"], rows),
    ...(["backup", "restore"] as const).flatMap((what) => [
      `${what} to the bare tools': ${verdict(Number.parseFloat(ratio(large.rounds, what)), WANTED.time)}`,
      `memory of a ${what}, at ten times the data: ${verdict(growth(what), WANTED.memory)}`,
    ]),
  ].join("\n");
}

const seconds = (values: number[]) => `${median(values).toFixed(2)} s`;
const mega = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
/** Within each run, then the median. */
const ratio = (rounds: Round[], what: "backup" | "restore") =>
  `${median(rounds.map(({ bare, ours }) => ours[what] / bare[what])).toFixed(2)}x`;
