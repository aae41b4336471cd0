import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { docker } from "../migrator/docker.ts";
import { allContainers, type Naming } from "../naming.ts";
import { inspectContainers } from "./containers.ts";
import { UserError } from "./errors.ts";
import { exportDeployment } from "./stack.ts";

/** What a stack's state says is its own. */
export interface OwnThings {
  /** Identity of the stack's state; undefined before its first resource was made. */
  installation: string | undefined;
  /** Docker ids of the containers and networks in the state. */
  ids: Set<string>;
}

/** What the state of a stack knows of Docker's things, read without its secrets. */
export async function readOwnThings(stack: Stack): Promise<OwnThings> {
  const { resources = [] } = await exportDeployment(stack);
  const ids = resources.filter(({ type }) => /^docker:index\/(container|network):/.test(type)).map(({ id }) => id!);
  const identity = resources.find(({ urn }) => urn.endsWith("::trading-db-installation"));
  return { installation: identity?.outputs?.["hex"] as string | undefined, ids: new Set(ids) };
}

/**
 * Clears what a run left that was killed: the lock of a process that is gone, and operations that were never finished.
 *
 * @throws UserError where the lock's holder lives, or lives elsewhere
 */
export async function recoverFromInterruption(stack: Stack, say: (step: string) => void): Promise<void> {
  for (const lock of readLocks(stack.name)) {
    if (lock.hostname !== hostname() || isRunningPulumi(lock.pid)) {
      throw new UserError(
        `Stack ${stack.name} is being changed by process ${lock.pid} of ${lock.username} on ${lock.hostname}, since ${lock.timestamp}. ` +
          "Wait for it to end; if it is gone for good: pulumi cancel",
      );
    }
    say("removing the lock of a run that was killed");
    await stack.cancel();
  }
  const { pending_operations: pending = [] } = await exportDeployment(stack);
  if (pending.length === 0) return;
  say("clearing what an interrupted run left unfinished");
  await stack.refresh({ clearPendingCreates: true });
}

/**
 * Removes containers and networks that carry this installation's label and stand in no state: an interrupted run left them
 * behind. Data live in volumes. Whatever belongs to anybody else is never touched.
 */
export async function removeLeftovers(names: Pick<Naming, "containers" | "networks">, own: OwnThings): Promise<void> {
  if (own.installation === undefined) return;
  for (const { id, installation } of await inspectContainers(allContainers(names))) {
    if (installation === own.installation && !own.ids.has(id)) await docker(["rm", "--force", id]);
  }
  const mine = ["--filter", `label=trading-db.installation=${own.installation}`];
  const lines = await docker(["network", "ls", "--no-trunc", ...mine, "--format", "{{.ID}} {{.Name}}"]);
  for (const line of lines.trim().split("\n")) {
    const [id = "", name = ""] = line.split(" ");
    if (Object.values(names.networks).includes(name) && !own.ids.has(id)) await docker(["network", "rm", id]);
  }
}

interface Lock {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/** Locks of a state that is kept in a folder; other backends see to theirs. */
function readLocks(stack: string): Lock[] {
  const state = stateFolder(process.env["PULUMI_BACKEND_URL"] ?? "");
  if (state === undefined) return [];
  const folder = join(state, ".pulumi", "locks", "organization", "trading-db", stack);
  if (!existsSync(folder)) return [];
  // Beside each lock stands a file of attributes that is nobody's.
  const locks = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return locks.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Lock);
}

/** The folder that a backend URL names, in the forms that Pulumi takes: `file:///path`, `file://~/path`, `file://./path`. */
export function stateFolder(backend: string): string | undefined {
  const [, path] = /^file:\/\/([^?]*)/.exec(backend) ?? [];
  return path === undefined ? undefined : resolve(path.replace(/^~(?=\/|$)/, homedir()));
}

/** Whether a process is a Pulumi that runs: its number may be another's by now, or that of one that is dead and not buried. */
function isRunningPulumi(pid: number): boolean {
  try {
    return /^\d+ \(pulumi\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
