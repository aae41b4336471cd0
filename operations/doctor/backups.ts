import { Cron } from "croner";
import { lastLogLines } from "../../migrator/docker.ts";
import type { Settings } from "../../settings.ts";
import { listBackups, type Backup } from "../backups/catalog.ts";
import { placeOf } from "../backups/ofStack.ts";
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
  const { schedule } = backups;
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
      look: async () => findAge(await listBackups(placeOf(stack, { backups })), schedule, stack, new Date()),
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
    // Set-up gives its users back the passwords that it knows.
    cure: `${setUp(stack)} && docker restart ${name} && ${tradingDb(stack, "backup --prove")}`,
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

/** Whether the backups that are there can be restored, whoever took them: as far as their sizes and manifests tell. */
export function damageCheck({ stack, backups }: Settings): Check {
  return {
    name: "no backup is damaged",
    look: async () => findDamage(await listBackups(placeOf(stack, { backups })), stack),
  };
}

/**
 * What is damaged is put beside, under a name that no backup has: somebody may still get a file out of it.
 * @param backups the newest first
 */
export function findDamage(backups: Backup[], stack: string): Fault | undefined {
  const damaged = backups.filter(({ state }) => state === "damaged");
  if (damaged.length === 0) return undefined;
  const aside = damaged.map(({ folder }) => `mv "${folder}" "${folder}.damaged"`);
  const isFollowed = backups.slice(0, backups.indexOf(damaged[0]!)).some(({ state }) => state === "proven");
  return {
    problem: damaged.map(({ problem }) => problem).join(" "),
    cure: [...aside, ...(isFollowed ? [] : [tradingDb(stack, "backup --prove")])].join(" && "),
  };
}
