import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../operations/errors.ts";
import { run } from "../operations/process.ts";
import { usesGeneratedPassphrase } from "./environment.ts";
import type { OwnThings } from "./preflight.ts";

/** Creates or selects the stack, and makes it the one that `pulumi` commands in this folder act on. */
export async function prepareStack(name: string): Promise<Stack> {
  if (usesGeneratedPassphrase()) await keepSaltOutOfGit();
  return LocalWorkspace.createOrSelectStack({ stackName: name, workDir: process.cwd() }).catch(explain);
}

function explain(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (!/incorrect passphrase/.test(message)) throw error;
  throw new UserError(
    "The passphrase does not open this stack's state. Name the one that it was made with in PULUMI_CONFIG_PASSPHRASE or " +
      "PULUMI_CONFIG_PASSPHRASE_FILE; the generated one is in .trading-db/passphrase of the clone that made the stack.",
  );
}

/**
 * Pulumi writes a salt into the stack's tracked file, and a salt fits one passphrase only. Where the passphrase was
 * generated on this machine, git is told not to see that line; a team that shares a passphrase commits it as usual.
 */
async function keepSaltOutOfGit(): Promise<void> {
  if (!existsSync(".git")) return;
  await run("git", ["config", "filter.pulumi-salt.clean", "sed '/^encryptionsalt:/d'"]);
}

/** What the state of a stack knows of Docker's things, read without its secrets. */
export async function readOwnThings(stack: Stack): Promise<OwnThings> {
  const { resources = [] } = await exportDeployment(stack);
  const ids = resources.filter(({ type }) => /^docker:index\/(container|network):/.test(type)).map(({ id }) => id!);
  const identity = resources.find(({ type }) => type === "random:index/randomId:RandomId");
  return { installation: identity?.outputs?.["hex"] as string | undefined, ids: new Set(ids) };
}

/** The Automation API's own export asks for every secret in clear. */
async function exportDeployment(stack: Stack): Promise<Deployment> {
  const { code, stdout, stderr } = await run("pulumi", ["stack", "export", "--stack", stack.name]);
  if (code !== 0) throw new UserError(`The state of stack ${stack.name} can't be read: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
}

interface Deployment {
  resources?: StateResource[];
  pending_operations?: unknown[];
}

interface StateResource {
  type: string;
  id?: string;
  outputs?: Record<string, unknown>;
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
  const backend = process.env["PULUMI_BACKEND_URL"] ?? "";
  if (!backend.startsWith("file://")) return [];
  const folder = join(fileURLToPath(backend), ".pulumi", "locks", "organization", "trading-db", stack);
  if (!existsSync(folder)) return [];
  // Beside each lock stands a file of attributes that is nobody's.
  const locks = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return locks.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Lock);
}

/** Whether a process is a Pulumi that runs: its number may be another's by now, or that of one that is dead and not buried. */
function isRunningPulumi(pid: number): boolean {
  try {
    return /^\d+ \(pulumi\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
