import { UserError } from "./errors.ts";
import { run } from "./process.ts";

/** A container as the checks need it. */
export interface ContainerFacts {
  id: string;
  name: string;
  /** running, exited, created, restarting, paused or dead */
  state: string;
  /** healthy, unhealthy, starting or none */
  health: string;
  /** When its health check ended last; 1970 where none has. */
  checkedAt: Date;
  /** Label trading-db.installation, empty where it is missing. */
  installation: string;
  /** Label trading-db.stack, empty where it is missing. */
  stack: string;
  exitCode: number;
  /** Why Docker could not start it, empty where it could. */
  error: string;
  /** Whether it ended, or a process of it did, for want of memory. */
  oomKilled: boolean;
  /** When it was started last. */
  startedAt: Date;
  /** How often Docker started it again by itself. */
  restarts: number;
  /** Digest of the image that it was made of. */
  imageId: string;
  /** Names of the networks that it is on. */
  networks: string[];
  /** Ports of the host that lead to it. */
  published: number[];
}

/** The part of `docker container inspect` that the facts are taken from. Health is missing where there is no health check. */
interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  RestartCount: number;
  State: {
    Status: string;
    ExitCode: number;
    Error: string;
    OOMKilled: boolean;
    StartedAt: string;
    Health?: { Status: string; Log: { End: string }[] | null };
  };
  Config: { Labels: Record<string, string> | null };
  HostConfig: { PortBindings: Record<string, { HostPort: string }[]> | null };
  NetworkSettings: { Networks: Record<string, unknown> };
}

/** Facts of those of the named containers that exist. @throws UserError where Docker does not answer */
export async function inspectContainers(names: string[]): Promise<ContainerFacts[]> {
  const { code, stdout, stderr } = await run("docker", ["container", "inspect", ...names]);
  // Exit code 1 may only say that one of them does not exist; the others are printed all the same.
  if (code !== 0 && !/no such container/i.test(stderr)) {
    const reason = stderr.trim().split("\n")[0] || "there is no docker command.";
    throw new UserError(`Docker does not answer: ${reason} Install or start it: ./setup-databases.sh --prepare`);
  }
  return (JSON.parse(stdout) as Inspected[]).map((container) => ({
    id: container.Id,
    name: container.Name.slice(1),
    state: container.State.Status,
    health: container.State.Health?.Status ?? "none",
    checkedAt: new Date(container.State.Health?.Log?.at(-1)?.End ?? 0),
    installation: container.Config.Labels?.["trading-db.installation"] ?? "",
    stack: container.Config.Labels?.["trading-db.stack"] ?? "",
    exitCode: container.State.ExitCode,
    error: container.State.Error,
    oomKilled: container.State.OOMKilled,
    startedAt: new Date(container.State.StartedAt),
    restarts: container.RestartCount,
    imageId: container.Image,
    networks: Object.keys(container.NetworkSettings.Networks),
    published: Object.values(container.HostConfig.PortBindings ?? {}).flatMap((bindings) =>
      bindings.map(({ HostPort }) => Number(HostPort)),
    ),
  }));
}

/** A container with one of our names that carries another installation's label, in words. */
export function describeOther({ name, stack }: ContainerFacts): string {
  return `The container ${name} belongs to another set-up of a stack ${stack}: another clone, or one whose state is lost.`;
}

/** A container with one of our names that carries no label, in words and without the full stop. */
export function describeForeign({ name }: ContainerFacts): string {
  return `The name ${name} is taken by a container that is not ours`;
}

/** A command that removes an installation's containers and networks. Its volumes stay. */
export function removalOf(installation: string): string {
  const label = `trading-db.installation=${installation}`;
  return `docker rm -f $(docker ps -aq --filter label=${label}) && docker network prune -f --filter label=${label}`;
}
