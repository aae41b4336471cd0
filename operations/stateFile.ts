import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAbandoned, isHeldHere, readLocks, stateFolder } from "./locks.ts";
import type { Deployment } from "./stack.ts";

/**
 * Takes Pulumi's copy of a state of which a killed run wrote a part or nothing. Pulumi moves the state before a write
 * aside and then writes anew (seen on 3.259.0): what the copy lacks is one step, which the copy holds as pending.
 *
 * To be called before Pulumi opens the stack: without its file it knows no such stack. A run that lives is left alone, and
 * so are states that are not kept in a folder.
 */
export async function mendState(stack: string, say: (step: string) => void): Promise<void> {
  const file = stateFile(stack);
  if (file === undefined) return;
  // A run that lives writes a state in a moment, and one that was killed in the middle may wait for the disk before it ends.
  const isBeingWritten = () => read(file) === undefined && readLocks(stack).some(isHeldHere);
  for (let tries = 0; tries < 100 && isBeingWritten(); tries++) await sleep(100);
  const locks = readLocks(stack);
  if (read(file) !== undefined || !locks.every(isAbandoned)) return;
  // A stack that was removed leaves copies, too, but no lock.
  if (!existsSync(file) && locks.length === 0) return;
  const copy = newestCopy(stack);
  if (copy === undefined) return;
  say("taking Pulumi's copy of the state, which a run that was killed left half written");
  copyFileSync(copy, `${file}.new`);
  renameSync(`${file}.new`, file);
}

/** The newest copy of a stack's state that is whole: that before the last write, or that after an update. */
export function newestCopy(stack: string): string | undefined {
  const file = stateFile(stack);
  if (file === undefined) return undefined;
  const folder = join(file, "../../../backups/trading-db", stack);
  const copies = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return [`${file}.bak`, ...copies]
    .filter((copy) => basename(copy).startsWith(`${stack}.`) && existsSync(copy))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)
    .find((copy) => (read(copy)?.resources ?? []).length > 0);
}

function stateFile(stack: string): string | undefined {
  const folder = stateFolder(process.env["PULUMI_BACKEND_URL"] ?? "");
  return folder && join(folder, ".pulumi", "stacks", "trading-db", `${stack}.json`);
}

/** The resources of a stack; undefined where the file is none of a state, or a part of one. */
function read(file: string): Deployment | undefined {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest?: Deployment } }).checkpoint.latest ?? {};
  } catch {
    return undefined;
  }
}
