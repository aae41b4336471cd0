import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The processes that work in a folder, with their command lines. */
export function processesIn(folder: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return [];
        return [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, "utf8") }];
      } catch {
        // It has just ended.
        return [];
      }
    });
}

/** Kills all that works in a folder. Pulumi's plugins lead groups of their own, and may outlive it. */
export function killIn(folder: string): void {
  for (const { pid } of processesIn(folder)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
