import { docker } from "../../migrator/docker.ts";
import type { Settings } from "../../settings.ts";
import type { ContainerFacts } from "../containers.ts";
import { run } from "../process.ts";
import type { Deployment, OwnThings } from "../stack.ts";
import { setUp, type Check } from "./check.ts";

/** What is on the daemon beside containers. */
export interface Things {
  volumes: Set<string>;
  /** Name to id. */
  networks: Map<string, string>;
}

export async function listThings(): Promise<Things> {
  const [volumes, networks] = await Promise.all([
    docker(["volume", "ls", "--quiet"]),
    docker(["network", "ls", "--no-trunc", "--format", "{{.Name}}\t{{.ID}}"]),
  ]);
  return {
    volumes: new Set(volumes.trim().split("\n")),
    networks: new Map(
      networks
        .trim()
        .split("\n")
        .map((line) => line.split("\t") as [string, string]),
    ),
  };
}

/** Volumes that a stack's state names. */
export function volumeChecks(stack: string, { resources = [] }: Deployment, things: Things): Check[] {
  const names = resources.filter(({ type }) => type === "docker:index/volume:Volume").map(({ id }) => id!);
  return names.sort().map((name) => ({
    name: `volume ${name}`,
    look: () =>
      things.volumes.has(name)
        ? undefined
        : { problem: `The volume ${name} is gone, with all that was in it.`, cure: setUp(stack) },
  }));
}

export function networkChecks({ stack, networks }: Settings, { ids }: OwnThings, things: Things): Check[] {
  return Object.values(networks).map((name) => ({
    name: `network ${name}`,
    look() {
      const id = things.networks.get(name);
      if (id === undefined) return { problem: `There is no network ${name}.`, cure: setUp(stack) };
      if (ids.has(id)) return undefined;
      return {
        problem: `The name ${name} is taken by a Docker network that is not this stack's.`,
        cure: `docker network rm ${id.slice(0, 12)} && ${setUp(stack)}`,
      };
    },
  }));
}

/** A container runs on when its image loses its name; the next one can't be made. */
export function imageChecks(settings: Settings, containers: Map<string, ContainerFacts>): Check[] {
  const services = [
    "postgres",
    "mongodb",
    ...(settings.adminTools ? (["pgadmin", "mongoExpress"] as const) : []),
    ...(settings.backups ? (["backup"] as const) : []),
  ] as const;
  const images = { ...settings.images, backup: settings.backupImage };
  return services.map((service) => {
    const image = images[service];
    return {
      name: `image ${image}`,
      async look() {
        if ((await run("docker", ["image", "inspect", image])).code === 0) return undefined;
        const made = containers.get(settings.containers[service])?.imageId;
        const isThere = made !== undefined && (await run("docker", ["image", "inspect", made])).code === 0;
        return {
          problem: `The image ${image} is not here: the container ${settings.containers[service]} can't be made anew.`,
          cure: isThere ? `docker tag ${made} ${image}` : setUp(settings.stack),
        };
      },
    };
  });
}
