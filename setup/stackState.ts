import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../operations/errors.ts";
import { run } from "../operations/process.ts";
import { exportDeployment } from "../operations/stack.ts";
import { usesGeneratedPassphrase } from "./environment.ts";
import type { OwnThings } from "./preflight.ts";

/** Creates or selects the stack, and makes it the one that `pulumi` commands in this folder act on. */
export async function prepareStack(name: string): Promise<Stack> {
  const stack = await LocalWorkspace.createOrSelectStack({ stackName: name, workDir: process.cwd() });
  await keepSaltOutOfGit(name);
  return stack;
}

/**
 * Pulumi writes a salt into the stack's tracked file, and a salt fits one passphrase only. Where the passphrase was
 * generated on this machine, git is told not to see that line; a team that shares a passphrase commits it as usual.
 * To be called after whatever may have written the salt.
 */
export async function keepSaltOutOfGit(stack: string): Promise<void> {
  if (!existsSync(".git") || !usesGeneratedPassphrase()) return;
  await run("git", ["config", "filter.pulumi-salt.clean", "sed '/^encryptionsalt:/d'"]);
  // Git takes a file whose size has changed for another without a look into it, unless it has forgotten the size.
  const file = `Pulumi.${stack}.yaml`;
  const [mode, blob] = (await run("git", ["ls-files", "--stage", "--", file])).stdout.split(" ");
  if (blob !== undefined) await run("git", ["update-index", "--cacheinfo", `${mode},${blob},${file}`]);
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
