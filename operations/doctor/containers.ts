import { setTimeout as sleep } from "node:timers/promises";
import { lastLogLines } from "../../migrator/docker.ts";
import type { Settings } from "../../settings.ts";
import { WHOLE } from "../backups/generation.ts";
import { describeForeign, describeOther, inspectContainers, removalOf, type ContainerFacts } from "../containers.ts";
import { findTakenPort, otherPort } from "../ports.ts";
import { run } from "../process.ts";
import type { OwnThings } from "../stack.ts";
import { configure, setUp, tradingDb, type Check, type Fault } from "./check.ts";
import type { Things } from "./things.ts";

export type Service = keyof Settings["images"];

/** The services that a stack runs. */
export function servicesOf({ adminTools }: Settings): Service[] {
  return ["postgres", "mongodb", ...(adminTools ? (["pgadmin", "mongoExpress"] as const) : [])];
}

/** A service's container, from what hinders all to what hinders some: the first that is found is told. */
export function containerCheck(
  service: Service,
  settings: Settings,
  own: OwnThings,
  things: Things,
  found: Map<string, ContainerFacts>,
): Check {
  const { stack } = settings;
  const name = settings.containers[service];
  return {
    name: `container ${name}`,
    async look() {
      const first = found.get(name);
      if (first === undefined) return { problem: `There is no container ${name}.`, cure: setUp(stack) };
      const container = await settled(first);
      return (
        findStranger(container, stack, own) ??
        (await findStandstill(service, settings, container, things)) ??
        (await findWantOfMemory(service, settings, container)) ??
        findSickness(container, stack) ??
        findWrongPort(service, settings, container) ??
        findMissingLink(service, settings, container, things)
      );
    },
  };
}

/**
 * Waits until a container is one thing or the other, at most 15 s. One that fails runs for a moment at each try, and has not
 * said why before that has ended; one that was paused until now is unhealthy until its next health check.
 */
async function settled(first: ContainerFacts): Promise<ContainerFacts> {
  let now = first;
  const wasPaused = () => now.state === "running" && now.health === "unhealthy" && now.checkedAt <= first.checkedAt;
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(300)) {
    if (!isTryingAgain(now) && !wasPaused()) break;
    [now = now] = await inspectContainers([first.name]);
  }
  return now;
}

/** Whether Docker has started it again by itself, and it is not known yet what comes of that. */
function isTryingAgain({ state, restarts, health }: ContainerFacts): boolean {
  return state === "running" && restarts > 0 && health === "starting";
}

/** A container of our name that is not in the state. */
export function findStranger(
  container: ContainerFacts,
  stack: string,
  { ids, installation }: OwnThings,
): Fault | undefined {
  const { id, name } = container;
  if (ids.has(id)) return undefined;
  if (container.installation === "") {
    return { problem: `${describeForeign(container)}.`, cure: `docker rename ${name} ${name}-old && ${setUp(stack)}` };
  }
  if (container.installation === installation) {
    return { problem: `The container ${name} was left by a run that was interrupted.`, cure: setUp(stack) };
  }
  const removal = removalOf(container.installation);
  return { problem: describeOther(container), cure: `${removal} && ${setUp(stack)}` };
}

async function findStandstill(
  service: Service,
  settings: Settings,
  container: ContainerFacts,
  things: Things,
): Promise<Fault | undefined> {
  const { name, state, exitCode, error, oomKilled } = container;
  const { stack } = settings;
  if (state === "restarting" || isTryingAgain(container)) return describeLoop(service, settings, container);
  if (state === "running") return undefined;
  if (state === "paused") return { problem: `The container ${name} is paused.`, cure: `docker unpause ${name}` };
  const taken = await findTakenPort(settings.bindAddress, settings.ports[service]);
  if (taken !== undefined) {
    return { problem: taken, cure: configure(stack, `${service}Port`, otherPort(settings.ports[service])) };
  }
  if (oomKilled) return undefined;
  const canStart = Object.values(settings.networks).every((network) => things.networks.has(network));
  return {
    problem: `The container ${name} is ${state}, with exit code ${exitCode}${error && `: ${error}`}.`,
    cure: canStart ? tradingDb(stack, "start") : setUp(stack),
  };
}

/** Our start scripts say in their last words what is wrong, and often the command that mends it. */
async function describeLoop(
  service: Service,
  { stack, volumes, images }: Settings,
  { name, restarts, startedAt }: ContainerFacts,
): Promise<Fault> {
  // What it said before, it may have been cured of. Docker notes the time when the process has begun to speak.
  // MongoDB says where it was in a hundred lines behind the one that says why.
  const words = await lastLogLines(name, [], new Date(startedAt.getTime() - 1000), 1000);
  const start = tradingDb(stack, "start");
  const [refusal, advice = ""] = words.split("\n").flatMap((line) => /^trading-db: (.*)/.exec(line)?.[1] ?? []);
  const [, command] = /^Give it back: (.*)/.exec(advice) ?? [];
  if (refusal !== undefined && command !== undefined) return { problem: refusal, cure: `${command} && ${start}` };
  if (refusal !== undefined && (service === "postgres" || service === "mongodb")) {
    const volume = volumes[`${service}Data`];
    // The data are kept beside: whoever has a server of their version can still dump them.
    const aside = `rm -rf /volume/${WHOLE}; mv /volume/current /volume/set-aside-$(date +%s)`;
    return {
      problem: `${refusal} ${advice} Or set these data aside in the volume, and begin anew.`,
      cure: `docker run --rm -u 0 -v ${volume}:/volume --entrypoint sh ${images[service]} -c '${aside}' && ${start} && ${setUp(stack)}`,
    };
  }
  if (/no space left on device/i.test(words) && (service === "postgres" || service === "mongodb")) {
    return {
      problem: `The volume ${volumes[`${service}Data`]} is full, and ${name} can't start. Free space on its disk, then start it.`,
      cure: start,
    };
  }
  const last = words.split("\n").at(-1) ?? "";
  return {
    problem: `The container ${name} has ended and been started again ${restarts} times. Its last words: ${last}`,
    cure: start,
  };
}

async function findWantOfMemory(
  service: Service,
  settings: Settings,
  container: ContainerFacts,
): Promise<Fault | undefined> {
  const { name } = container;
  if (service !== "postgres" && service !== "mongodb") return undefined;
  if (!container.oomKilled && !(await hasLostProcesses(name))) return undefined;
  const limit = settings.memory[service];
  return {
    problem: `The kernel killed a process of ${name}, which may use ${limit} MiB of memory and wanted more.`,
    cure: configure(settings.stack, `${service}Memory`, limit * 2),
  };
}

/** Whether the kernel killed one since the container was started, as its control group counts: version 2, and version 1. */
async function hasLostProcesses(name: string): Promise<boolean> {
  const files = ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"];
  const { stdout } = await run("docker", ["exec", name, "cat", ...files], 10_000);
  return /^oom_kill [1-9]/m.test(stdout);
}

function findSickness({ name, health }: ContainerFacts, stack: string): Fault | undefined {
  if (health !== "unhealthy") return undefined;
  return { problem: `The container ${name} runs, but fails its health check.`, cure: tradingDb(stack, "restart") };
}

function findWrongPort(service: Service, settings: Settings, { name, published }: ContainerFacts): Fault | undefined {
  const wanted = settings.ports[service];
  if (published.includes(wanted)) return undefined;
  return {
    problem: `The container ${name} is reached by port ${published.join(", ") || "none"}, and the settings say ${wanted}.`,
    cure: setUp(settings.stack),
  };
}

/** Admin tools are on the database network alone. */
function findMissingLink(
  service: Service,
  settings: Settings,
  { name, networks }: ContainerFacts,
  things: Things,
): Fault | undefined {
  const isDatabase = service === "postgres" || service === "mongodb";
  const wanted = isDatabase ? Object.values(settings.networks) : [settings.networks.database];
  // A network that is gone has a check of its own.
  const missing = wanted.find((network) => !networks.includes(network) && things.networks.has(network));
  if (missing === undefined) return undefined;
  const alias = isDatabase ? `--alias ${service} ` : "";
  return {
    problem: `The container ${name} is not on the network ${missing}.`,
    cure: `docker network connect ${alias}${missing} ${name}`,
  };
}
