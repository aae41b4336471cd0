import { readFileSync } from "node:fs";
import { backUp, restore, type StackBackups } from "../../operations/backups/ofStack.ts";

// A process of its own, so that its peak memory is that of a backup or a restore and of nothing else.
const target = { ...(JSON.parse(readFileSync(0, "utf8")) as StackBackups), tell: () => {} };
const [verb, name] = process.argv.slice(2);
if (verb === "backup") await backUp(target);
else await restore(target, name, undefined);
const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
console.log(Number(kibibytes) * 1024);
