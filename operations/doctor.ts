import { messageOf } from "../migrator/errors.ts";
import { allContainers, nameResources } from "../naming.ts";
import type { StackOutputs } from "../outputs.ts";
import { inspectContainers } from "./containers.ts";
import { damageCheck, scheduleChecks } from "./doctor/backups.ts";
import type { Check } from "./doctor/check.ts";
import { containerCheck, findStranger, servicesOf } from "./doctor/containers.ts";
import { diskHasRoom, dockerAnswers, machineChecks } from "./doctor/engine.ts";
import { migrationChecks } from "./doctor/migrations.ts";
import { firstPassword, mongodbChecks } from "./doctor/mongodb.ts";
import { postgresChecks } from "./doctor/postgres.ts";
import { restoreChecks } from "./doctor/restores.ts";
import { readStack, type Reading } from "./doctor/state.ts";
import { imageChecks, listThings, networkChecks, volumeChecks } from "./doctor/things.ts";
import { ownThings } from "./stack.ts";

/** What was looked at, and what came of it. */
export interface Diagnosis {
  name: string;
  /** Undefined where all is well. */
  problem?: string;
  /** A command line to paste into a shell of the clone. */
  cure?: string;
}

/** Checks of one database, which are asked where its container is well. Here others are added. */
const SERVER_CHECKS: Record<"postgres" | "mongodb", ServerChecks[]> = {
  postgres: [postgresChecks, (stack, outputs) => migrationChecks("postgresql", stack, outputs)],
  mongodb: [mongodbChecks, (stack, outputs) => migrationChecks("mongodb", stack, outputs)],
};

type ServerChecks = (stack: string, outputs: StackOutputs) => Check[] | Promise<Check[]>;

/**
 * Looks for every known fault of a stack. Changes nothing, and works where Docker, Pulumi or the state don't.
 *
 * What only a part that is at fault itself could answer is not asked: one cause, one problem. Cures stand in the order in
 * which they help.
 */
export async function diagnose(stack: string): Promise<Diagnosis[]> {
  const [engine, reading] = await Promise.all([lookAt([dockerAnswers]), readStack(stack)]);
  const [state, whole] = await Promise.all([lookAt(reading.checks), lookAt(reading.whole ? [reading.whole] : [])]);
  if (!isWell(engine)) return [...engine, ...state, ...whole];
  if (reading.isAbsent) return [...engine, ...(await lookAtStrangers(stack)), ...state];
  const things = await lookAtThings(reading);
  return [...engine, ...state, ...things, ...(await lookAtServers(stack, reading, things)), ...whole];
}

/** Without a stack, every container of its names is another's. */
async function lookAtStrangers(stack: string): Promise<Diagnosis[]> {
  const nothing = { installation: undefined, ids: new Set<string>() };
  const containers = await inspectContainers(allContainers(nameResources(stack)));
  return lookAt([
    diskHasRoom,
    ...containers.map((container) => ({
      name: `container ${container.name}`,
      look: () => findStranger(container, stack, nothing),
    })),
  ]);
}

async function lookAtThings({ settings, deployment }: Reading): Promise<Diagnosis[]> {
  if (settings === undefined || deployment === undefined) return lookAt([diskHasRoom]);
  const [things, containers] = await Promise.all([listThings(), inspectContainers(allContainers(settings))]);
  const found = new Map(containers.map((container) => [container.name, container]));
  const own = ownThings(deployment);
  return lookAt([
    diskHasRoom,
    ...machineChecks(settings),
    ...imageChecks(settings, found),
    ...volumeChecks(settings.stack, deployment, things),
    ...networkChecks(settings, own, things),
    ...servicesOf(settings).map((service) => containerCheck(service, settings, own, things, found)),
    damageCheck(settings),
    ...scheduleChecks(settings, own, found),
  ]);
}

async function lookAtServers(stack: string, { outputs }: Reading, things: Diagnosis[]): Promise<Diagnosis[]> {
  const { containers } = nameResources(stack);
  const isUp = (name: string) =>
    things.some((thing) => thing.name === `container ${name}` && thing.problem === undefined);
  if (outputs === undefined) return isUp(containers.mongodb) ? lookAt([firstPassword(stack, containers.mongodb)]) : [];
  const servers = (["postgres", "mongodb"] as const).filter((server) => isUp(containers[server]));
  const found = await Promise.all(
    servers.map(async (server) => {
      const diagnoses: Diagnosis[] = [];
      for (const checks of SERVER_CHECKS[server]) {
        diagnoses.push(...(await lookAt(await checks(stack, outputs))));
        // The next ones ask the same server, and would be told the same.
        if (!isWell(diagnoses)) break;
      }
      return diagnoses;
    }),
  );
  // Both have to be asked.
  const both = servers.length === 2 ? await lookAt(restoreChecks(stack, outputs)) : [];
  return [...found.flat(), ...both];
}

/** All at once. What can't be looked at is a problem of its own. */
function lookAt(checks: Check[]): Promise<Diagnosis[]> {
  return Promise.all(
    checks.map(async ({ name, look }) => {
      try {
        return { name, ...(await look()) };
      } catch (error) {
        return { name, problem: `It can't be looked at: ${messageOf(error)}`, cure: "npx trading-db doctor" };
      }
    }),
  );
}

export function isWell(found: Diagnosis[]): boolean {
  return found.every(({ problem }) => problem === undefined);
}
