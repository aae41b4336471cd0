import { readFileSync } from "node:fs";
import { backUp, prove, restore, type StackBackups } from "../../operations/backups/ofStack.ts";

// A process of its own, to be killed at any moment, or to be measured. Reads what it works on from standard input, tells
// each step, and before its end its highest resident memory.
const target = JSON.parse(readFileSync(0, "utf8")) as Omit<StackBackups, "tell">;
const tell = (sentence: string) => console.log(sentence);
const [verb, name, to] = process.argv.slice(2);
tell("begun");
if (verb === "backup") tell(await backUp({ ...target, tell }));
if (verb === "prove") await prove({ ...target, tell }, name!);
if (verb === "restore") await restore({ ...target, tell }, name, to);
tell(/^VmHWM:.+$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[0] ?? "");
tell("done");
