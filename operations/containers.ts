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
  /** Label trading-db.installation, empty where it is missing. */
  installation: string;
  /** Label trading-db.stack, empty where it is missing. */
  stack: string;
}

/** The part of `docker container inspect` that the facts are taken from. Health is missing where there is no health check. */
interface Inspected {
  Id: string;
  Name: string;
  State: { Status: string; Health?: { Status: string } };
  Config: { Labels: Record<string, string> | null };
}

/** Facts of those of the named containers that exist. @throws UserError where Docker does not answer */
export async function inspectContainers(names: string[]): Promise<ContainerFacts[]> {
  const { code, stdout, stderr } = await run("docker", ["container", "inspect", ...names]);
  // Exit code 1 may only say that one of them does not exist; the others are printed all the same.
  if (code !== 0 && !/no such container/i.test(stderr)) {
    const reason = stderr.trim().split("\n")[0] || "there is no docker command.";
    throw new UserError(`Docker does not answer: ${reason} Install or start it: ./setup-databases.sh --prepare`);
  }
  return (JSON.parse(stdout) as Inspected[]).map(({ Id, Name, State, Config }) => ({
    id: Id,
    name: Name.slice(1),
    state: State.Status,
    health: State.Health?.Status ?? "none",
    installation: Config.Labels?.["trading-db.installation"] ?? "",
    stack: Config.Labels?.["trading-db.stack"] ?? "",
  }));
}
