import { spawn } from "node:child_process";
import type { StackBackups } from "../../operations/backups/ofStack.ts";
import { killGroup } from "./killGroup.ts";

/** A backup, proof or restore in a process of its own. */
export interface BackupRun {
  /** Kills it, and the tools that it started. */
  kill(): void;
  /** Resolves when it has told a sentence that begins so; rejects when it ends before. */
  tells(beginning: string): Promise<void>;
  /** Resolves with its exit code, null when it was killed, and with all that it wrote. */
  ended: Promise<{ code: number | null; output: string }>;
}

/** @param target with what differs in its environment */
export function startBackupRun(
  { stack, outputs, place, key, variables }: Omit<StackBackups, "tell"> & { variables?: Record<string, string> },
  ...args: string[]
): BackupRun {
  const child = spawn(process.execPath, ["tests/support/backupProgram.ts", ...args], {
    stdio: "pipe",
    detached: true,
    env: { ...process.env, ...variables },
  });
  child.stdin.end(JSON.stringify({ stack, outputs, place, key }));
  let output = "";
  let look = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      output += piece.toString();
      look();
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, output }));
  });
  return {
    kill: () => killGroup(child),
    ended,
    tells: (beginning) =>
      new Promise((resolve, reject) => {
        look = () => output.split("\n").some((line) => line.startsWith(beginning)) && resolve();
        look();
        void ended.then(() => reject(new Error(`It ended before it told "${beginning}":\n${output}`)));
      }),
  };
}
