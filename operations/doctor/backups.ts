import { Cron } from "croner";
import { join } from "node:path";
import { docker, lastLogLines } from "../../migrator/docker.ts";
import type { StackOutputs } from "../../outputs.ts";
import type { Settings } from "../../settings.ts";
import { listBackups, type Backup } from "../backups/catalog.ts";
import { dataPaths } from "../backups/scratch.ts";
import { PREVIOUS } from "../backups/switch.ts";
import { WHOLE } from "../backups/generation.ts";
import type { ContainerFacts } from "../containers.ts";
import type { OwnThings } from "../stack.ts";
import { setUp, tradingDb, type Check, type Fault } from "./check.ts";
import { findStranger } from "./containers.ts";

/** The container that takes backups by the schedule, and what it took. None where backups are not scheduled. */
export function scheduleChecks(
  { stack, backups, containers }: Settings,
  own: OwnThings,
  found: Map<string, ContainerFacts>,
): Check[] {
  if (backups === undefined) return [];
  const { schedule, place } = backups;
  const name = containers.backup;
  return [
    {
      name: `container ${name}`,
      async look() {
        const container = found.get(name);
        if (container === undefined) return { problem: `There is no container ${name}.`, cure: setUp(stack) };
        return findStranger(container, stack, own) ?? (await findFailure(container, stack));
      },
    },
    {
      name: "the last proven backup is as young as the schedule wants",
      look: async () => findAge(await listBackups(join(place, stack)), schedule, stack, new Date()),
    },
  ];
}

async function findFailure(
  { name, state, health, exitCode }: ContainerFacts,
  stack: string,
): Promise<Fault | undefined> {
  if (state === "paused") return { problem: `The container ${name} is paused.`, cure: `docker unpause ${name}` };
  if (state !== "running") {
    return {
      problem: `The container ${name} is ${state}, with exit code ${exitCode}.`,
      cure: tradingDb(stack, "start"),
    };
  }
  if (health !== "unhealthy") return undefined;
  const words = (await lastLogLines(name, [], new Date(0))).split("\n").at(-1) ?? "";
  return {
    problem: `The container ${name} runs, but its backups fail. Its last words: ${words}`,
    cure: `docker restart ${name} && ${tradingDb(stack, "backup --prove")}`,
  };
}

/** One that is due now may still be under way: the one before it has to be there. */
export function findAge(backups: Backup[], schedule: string, stack: string, now: Date): Fault | undefined {
  const proven = backups.find(({ state }) => state === "proven")?.manifest?.endedAt;
  const cure = tradingDb(stack, "backup --prove");
  if (proven === undefined) return { problem: `No backup of stack ${stack} is proven.`, cure };
  const [, due] = new Cron(schedule, { timezone: "UTC", paused: true }).previousRuns(2, now);
  if (due === undefined || new Date(proven) >= due) return undefined;
  return { problem: `The last proven backup was taken at ${proven}, and one was due at ${due.toISOString()}.`, cure };
}

/** What lies in both data volumes, of which a restore that was ended may have switched one. */
export function restoreChecks(stack: string, { postgres, mongodb }: StackOutputs): Check[] {
  const generationsIn = async (container: string, path: string) =>
    (await docker(["exec", container, "ls", "-1", path])).trim().split("\n");
  return [
    {
      name: "both databases are of the same restore",
      async look() {
        const [results, configs] = await Promise.all([
          generationsIn(postgres.container, dataPaths.postgresql),
          generationsIn(mongodb.container, dataPaths.mongodb),
        ]);
        if (!isAhead(results, configs) && !isAhead(configs, results)) return undefined;
        const [first, second] = isAhead(results, configs) ? ["PostgreSQL", "MongoDB"] : ["MongoDB", "PostgreSQL"];
        return {
          problem: `A restore was ended between its two databases: ${first} holds what was restored, and ${second} what was there before. Run that restore again, or the newest backup's.`,
          cure: tradingDb(stack, "restore --yes"),
        };
      },
    },
  ];
}

/** Whether one volume was switched to what was restored, and the other still has it beside its data. */
function isAhead(one: string[], other: string[]): boolean {
  const former = one.filter((name) => name.startsWith(PREVIOUS));
  return other.includes(WHOLE) && !one.includes(WHOLE) && former.some((name) => !other.includes(name));
}
