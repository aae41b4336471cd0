import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allContainers, nameResources, type Naming } from "../../naming.ts";
import type { StackOutputs } from "../../outputs.ts";

/** A copy of this project with a state, a stack and names of its own, so that a test may do to it what it likes. */
export interface Project {
  folder: string;
  stackName: string;
  names: Naming;
  stack: Stack;
  outputs(): Promise<StackOutputs>;
  /** Removes the stack, everything of it on the daemon, and the copy; also when a test has failed half-way. */
  remove(): Promise<void>;
}

/** A stack's name that no other test has, and whose ports no test of jest's other worker can be given. */
export function freshStackName(): string {
  for (;;) {
    const name = `it-${randomBytes(4).toString("hex")}`;
    const block = nameResources(name).ports.postgres / 4;
    if (block % 2 === Number(process.env["JEST_WORKER_ID"] ?? 0) % 2) return name;
  }
}

/** Copies what git would commit, and shares the npm packages. */
export function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "trading-db-"));
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  for (const file of files.trim().split("\n")) cpSync(file, join(folder, file), { recursive: true });
  // The salt of this clone's own passphrase, where it is set up; git doesn't see that line either.
  const settings = join(folder, "Pulumi.dev.yaml");
  writeFileSync(settings, readFileSync(settings, "utf8").replace(/^encryptionsalt:.*\n/m, ""));
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** @param config settings of the stack, without their namespace */
export async function makeProject(config: Record<string, string> = {}): Promise<Project> {
  const folder = copyProject();
  const stackName = freshStackName();
  const names = nameResources(stackName);
  const state = join(folder, ".trading-db", "state");
  mkdirSync(state, { recursive: true });
  const envVars = {
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
    PULUMI_CONFIG_PASSPHRASE_FILE: "",
  };
  // Takes seconds to load under jest, and most tests only want what is below.
  const { LocalWorkspace } = await import("@pulumi/pulumi/automation/index.js");
  const stack = await LocalWorkspace.createStack({ stackName, workDir: folder }, { envVars });
  const values: ConfigMap = {};
  for (const [key, value] of Object.entries({ postgresMemory: "512", mongodbMemory: "512", ...config })) {
    values[`trading-db:${key}`] = { value };
  }
  await stack.setAllConfig(values);
  return {
    folder,
    stackName,
    names,
    stack,
    async outputs() {
      const outputs = Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]);
      return Object.fromEntries(outputs) as unknown as StackOutputs;
    },
    async remove() {
      await stack.destroy().catch(() => {});
      removeFromDaemon(names);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes a stack's containers, networks and volumes by their names, whatever is there of them. */
export function removeFromDaemon(names: Naming): void {
  attempt("docker", ["rm", "--force", "--volumes", ...allContainers(names)]);
  attempt("docker", ["network", "rm", ...Object.values(names.networks)]);
  attempt("docker", ["volume", "rm", "--force", ...Object.values(names.volumes)]);
}

/** Everything of a stack that is on the daemon, such as "container trading-postgres-x". */
export async function remainsOf(names: Naming): Promise<string[]> {
  const wanted = {
    container: allContainers(names),
    network: Object.values(names.networks),
    volume: Object.values(names.volumes),
  };
  const commands = {
    container: ["ps", "--all", "--format", "{{.Names}}"],
    network: ["network", "ls", "--format", "{{.Name}}"],
    volume: ["volume", "ls", "--quiet"],
  };
  const found: string[] = [];
  for (const kind of ["container", "network", "volume"] as const) {
    const present = (await execute("docker", commands[kind])).stdout.split("\n");
    found.push(...present.filter((name) => wanted[kind].includes(name)).map((name) => `${kind} ${name}`));
  }
  return found.sort();
}

function attempt(program: string, args: string[]): void {
  try {
    execFileSync(program, args, { stdio: "ignore" });
  } catch {
    // What isn't there can't be removed.
  }
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever its exit code. */
export function execute(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    // Where somebody looks on, jest tells its workers to write colours.
    const env = { ...process.env, FORCE_COLOR: undefined, ...options.env };
    execFile(program, args, { ...options, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr });
    });
  });
}

/** Runs the Docker command line. @returns its standard output, trimmed @throws what it said */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute("docker", args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}
