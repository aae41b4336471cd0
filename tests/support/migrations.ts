import { afterAll } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listMigrations, listSeeds } from "../../migrator/files.ts";
import type { Connection, Engine, MigrateRequest, SeedRequest } from "../../migrator/types.ts";

const folders: string[] = [];

afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** A folder with these files, until the tests of the file end. It can be added to by `write`. */
export function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "trading-db-test-"));
  folders.push(path);
  write(path, files);
  return path;
}

/** Writes files into a folder; `dev/0001_x.sql` goes into a folder of its own. */
export function write(path: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
}

/** What the program asks for: the migrations as they are in the folder now. */
export function migrationsOf(engine: Engine, connection: Connection, directory: string): MigrateRequest {
  return { connection, directory, migrations: listMigrations(engine, directory) };
}

/** What the program asks for: the seeds of these sets as they are in the folder now. */
export function seedsOf(engine: Engine, connection: Connection, directory: string, sets = ["default"]): SeedRequest {
  return { connection, directory, sets, seeds: listSeeds(engine, directory, sets) };
}

/** Starts a migration in a process of its own, as Pulumi does, and kills that process hard when `ready` is fulfilled. */
export async function killDuring(engine: Engine, request: MigrateRequest, ready: () => Promise<void>): Promise<void> {
  const program = `import { migrate } from "./migrator/run.ts";
    await migrate(process.argv[1], JSON.parse(process.argv[2]));`;
  const args = ["--input-type=module", "--eval", program, engine, JSON.stringify(request)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "exit");
  try {
    await Promise.race([ready(), ended.then(() => Promise.reject(new Error("it ended before it was killed")))]);
  } finally {
    child.kill("SIGKILL");
  }
  await ended;
}

/** Asks again and again until the answer is true. */
export async function until(condition: () => Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not happen in ${seconds} s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The message of the error that a promise fails with. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it did not fail");
}
