import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";

/** A lock of a stack's state, as Pulumi writes it. */
export interface Lock {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/** Locks of a state that is kept in a folder; other backends see to theirs. */
export function readLocks(stack: string): Lock[] {
  const state = stateFolder(process.env["PULUMI_BACKEND_URL"] ?? "");
  if (state === undefined) return [];
  const folder = join(state, ".pulumi", "locks", "organization", "trading-db", stack);
  if (!existsSync(folder)) return [];
  // Beside each lock stands a file of attributes that is nobody's.
  const locks = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return locks.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Lock);
}

/** Whether the holder of a lock is a process of this machine that is gone. */
export function isAbandoned({ hostname: host, pid }: Lock): boolean {
  return host === hostname() && !isRunningPulumi(pid);
}

/** Whether the holder of a lock is a process of this machine that runs, or is about to end. */
export function isHeldHere({ hostname: host, pid }: Lock): boolean {
  return host === hostname() && isRunningPulumi(pid);
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
