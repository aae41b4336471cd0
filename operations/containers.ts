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

const FACTS = [
  "{{.Id}}",
  "{{.Name}}",
  "{{.State.Status}}",
  "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}",
  '{{index .Config.Labels "trading-db.installation"}}',
  '{{index .Config.Labels "trading-db.stack"}}',
].join("\t");

/** Facts of those of the named containers that exist. */
export async function inspectContainers(names: string[]): Promise<ContainerFacts[]> {
  // Exit code 1 only says that one of them does not exist; the others are printed all the same.
  const { stdout } = await run("docker", ["container", "inspect", "--format", FACTS, ...names]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [id, name, state, health, installation, stack] = line.split("\t") as [string, ...string[]];
      return {
        id,
        name: name!.slice(1),
        state: state!,
        health: health!,
        installation: installation ?? "",
        stack: stack ?? "",
      };
    });
}
