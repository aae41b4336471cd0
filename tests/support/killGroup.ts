import type { ChildProcess } from "node:child_process";

/** Kills a process that leads its group, and all that it started. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-pid!, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
