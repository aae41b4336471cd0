import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { setTimeout as sleep } from "node:timers/promises";
import type { StackOutputs } from "../outputs.ts";
import { docker, lastLogLines } from "../migrator/docker.ts";
import { nameResources } from "../naming.ts";
import { inspectContainers } from "./containers.ts";
import { UserError } from "./errors.ts";
import { readOwnThings, recoverFromInterruption, removeLeftovers } from "./interruption.ts";
import { exportDeployment } from "./stack.ts";

/** The containers of a stack that run for long, those first that have no use without the databases. */
function containersOf({ postgres, mongodb, adminTools, backups }: StackOutputs): string[] {
  const tools = adminTools === null ? [] : [adminTools.pgadmin.container, adminTools.mongoExpress.container];
  return [...tools, ...(backups ? [backups.container] : []), postgres.container, mongodb.container];
}

/** Stops those of a stack's containers that exist; the data stay. @returns their names */
export async function stop(outputs: StackOutputs): Promise<string[]> {
  const present = new Set((await inspectContainers(containersOf(outputs))).map(({ name }) => name));
  const names = containersOf(outputs).filter((name) => present.has(name));
  // Docker asks each as its definition says (PostgreSQL by SIGINT) and gives it the time that stands there.
  for (const name of names) await docker(["stop", name], "", 300);
  return names;
}

/**
 * Starts a stack's containers and waits until they are healthy.
 *
 * @param timeout milliseconds to wait @default two minutes
 * @throws UserError for a container that is missing, or does not get well: then with its last log lines
 */
export async function start(outputs: StackOutputs, timeout = 120_000): Promise<string[]> {
  const names = containersOf(outputs).reverse();
  const found = await inspectContainers(names);
  const missing = names.filter((wanted) => !found.some(({ name }) => name === wanted));
  if (missing.length > 0) {
    throw new UserError(
      `There is no container ${missing.join(", ")}. Make it anew on the same data: pulumi up --refresh`,
    );
  }
  const started = new Date();
  // Docker tries a container that fails again by itself, after longer and longer waits, and a start would not shorten them.
  const failing = found.filter(({ state }) => state === "restarting").map(({ name }) => name);
  if (failing.length > 0) await docker(["stop", ...failing]);
  await docker(["start", ...names]);
  const deadline = Date.now() + timeout;
  for (;;) {
    const containers = await inspectContainers(names);
    const sick = containers.find(({ state }) => state === "exited" || state === "restarting");
    if (sick !== undefined) throw new UserError(await describeFailure(sick.name, `is ${sick.state}`, started));
    const waiting = containers.find(({ health }) => health !== "healthy");
    if (waiting === undefined) return names;
    if (Date.now() > deadline) {
      throw new UserError(
        await describeFailure(waiting.name, `is ${waiting.health} after ${timeout / 1000} s`, started),
      );
    }
    await sleep(500);
  }
}

async function describeFailure(container: string, what: string, since: Date): Promise<string> {
  const words = await lastLogLines(container, [], since);
  return `The container ${container} ${what}. Its last words:\n${words}\nSee all of its log: docker logs ${container}`;
}

/**
 * Deletes everything of a stack: containers, networks, volumes and with them all data. The stack's state is emptied and
 * its settings stay, so that `./setup-databases.sh` makes a new, empty one.
 *
 * @param confirmation has to be the stack's name
 * @param onStart called when nothing stands against it any more, before the first thing is deleted
 * @throws UserError when it isn't, or when the stack is protected, by its settings or by what was last deployed
 */
export async function reset(stack: Stack, confirmation: string, onStart: () => void): Promise<void> {
  if (confirmation !== stack.name) {
    throw new UserError(`"${confirmation}" is not the name of this stack (${stack.name}). Nothing was deleted.`);
  }
  const isWanted = (await stack.getAllConfig())["trading-db:protect"]?.value === "true";
  if (isWanted || (await exportDeployment(stack)).resources?.some(({ protect }) => protect)) {
    throw new UserError(
      `Stack ${stack.name} is protected. Nothing was deleted. To delete it all the same: pulumi config rm protect && pulumi up, then reset again.`,
    );
  }
  onStart();
  await recoverFromInterruption(stack, () => {});
  // What stands in no state would hold on to its volumes.
  await removeLeftovers(nameResources(stack.name), await readOwnThings(stack));
  await stack.destroy({ refresh: true });
}
