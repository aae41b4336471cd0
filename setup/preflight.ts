import { createServer } from "node:net";
import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { docker } from "../migrator/docker.ts";
import { inspectContainers } from "../operations/containers.ts";
import { UserError } from "../operations/errors.ts";
import { run } from "../operations/process.ts";
import type { Settings } from "../settings.ts";

/** Space that images, an empty database and its write-ahead log need, in bytes. */
const LEAST_DISK = 3 * 1024 ** 3;

/** What a stack's state says is its own. */
export interface OwnThings {
  /** Identity of the stack's state; undefined before its first resource was made. */
  installation: string | undefined;
  /** Docker ids of the containers and networks in the state. */
  ids: Set<string>;
}

/**
 * Looks at everything that would make `pulumi up` fail half-way, before anything is made.
 *
 * Containers and networks that carry this installation's label and stand in no state are what an interrupted run left
 * behind: they are removed (data live in volumes). Whatever belongs to anybody else is never touched.
 *
 * @throws UserError that names what is in the way, who holds it and how to go on
 */
export async function checkTheGround(settings: Settings, own: OwnThings): Promise<void> {
  checkMemory(settings, totalmem());
  await checkDisk();
  const mine = await checkContainers(settings, own);
  await checkNetworks(settings, own);
  await checkPorts(settings, mine);
}

/** @param total memory of the machine in bytes */
export function checkMemory(settings: Settings, total: number): void {
  const wanted = (settings.memory.postgres + settings.memory.mongodb) * 1024 ** 2;
  if (wanted <= total) return;
  throw new UserError(
    `The two databases may use ${mebibytes(wanted)} of memory, but this machine has ${mebibytes(total)}. ` +
      "Give them less: pulumi config set postgresMemory 512 && pulumi config set mongodbMemory 512",
  );
}

async function checkDisk(): Promise<void> {
  const folder = await docker(["info", "--format", "{{.DockerRootDir}}"]);
  const { bavail, bsize } = await statfs(folder).catch(() => statfs("/"));
  checkFreeSpace(folder, bavail * bsize);
}

/** @param free bytes that are free in Docker's folder */
export function checkFreeSpace(folder: string, free: number): void {
  if (free >= LEAST_DISK) return;
  throw new UserError(
    `Docker's folder ${folder} has ${mebibytes(free)} free; the databases need ${mebibytes(LEAST_DISK)} to begin with. ` +
      "Make room, for example: docker system prune",
  );
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}

/** @returns names of this stack's containers that are in its state */
async function checkContainers(settings: Settings, own: OwnThings): Promise<Set<string>> {
  const names = Object.values(settings.containers).flatMap((name) => [name, `${name}-config`]);
  const mine = new Set<string>();
  for (const container of await inspectContainers(names)) {
    if (own.ids.has(container.id)) {
      mine.add(container.name);
    } else if (own.installation !== undefined && container.installation === own.installation) {
      await docker(["rm", "--force", container.id]);
    } else if (container.installation !== "") {
      throw new UserError(
        `The container ${container.name} belongs to another set-up of a stack ${container.stack}: another clone, or one whose state is lost. ` +
          `Use another stack (--stack NAME), or, if that set-up is gone, remove its containers; the data stay in the volumes: ` +
          `docker rm -f $(docker ps -aq --filter label=trading-db.installation=${container.installation})`,
      );
    } else {
      throw new UserError(
        `The name ${container.name} is taken by a container that is not ours; it was not touched. ` +
          `Rename it (docker rename ${container.name} ${container.name}-old), or use another stack (--stack NAME).`,
      );
    }
  }
  return mine;
}

async function checkNetworks(settings: Settings, own: OwnThings): Promise<void> {
  const format = '{{.ID}}\t{{.Name}}\t{{.Label "trading-db.installation"}}';
  const lines = (await docker(["network", "ls", "--no-trunc", "--format", format])).split("\n");
  for (const line of lines) {
    const [id, name, installation] = line.split("\t") as [string, string, string];
    if (!Object.values(settings.networks).includes(name) || own.ids.has(id)) continue;
    if (own.installation !== undefined && installation === own.installation) {
      await docker(["network", "rm", id]);
      continue;
    }
    throw new UserError(
      `The name ${name} is taken by a Docker network that is not this stack's; it was not touched. ` +
        `Remove it if nothing uses it (docker network rm ${id.slice(0, 12)}), or use another stack (--stack NAME).`,
    );
  }
}

async function checkPorts(settings: Settings, mine: Set<string>): Promise<void> {
  const services = [
    "postgres",
    "mongodb",
    ...(settings.adminTools ? ["pgadmin", "mongoExpress"] : []),
  ] as (keyof Settings["ports"])[];
  for (const service of services) {
    if (mine.has(settings.containers[service])) continue;
    const port = settings.ports[service];
    if (await isFree(settings.bindAddress, port)) continue;
    throw new UserError(
      `Port ${port} of ${settings.bindAddress} is taken by ${await findHolder(port)}. ` +
        `Stop that, or choose another port: pulumi config set ${service}Port ${port + 10000 > 65535 ? port - 10000 : port + 10000}`,
    );
  }
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else if (error.code === "EACCES")
        resolve(true); // Docker's daemon may bind it, where this user may not.
      else
        reject(
          new UserError(
            `Ports can't be published on ${address}: ${error.message}. Choose an address of this host: pulumi config set bindAddress 127.0.0.1`,
          ),
        );
    });
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Says in words who listens on a port: a container, a process, or an unknown one where only root may look. */
async function findHolder(port: number): Promise<string> {
  const container = await docker(["ps", "--filter", `publish=${port}`, "--format", "{{.Names}}"]);
  if (container !== "") return `the container ${container.split("\n")[0]}`;
  const { stdout } = await run("ss", ["-Hltnp", `sport = :${port}`]);
  const holder = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout);
  return holder === null ? "a process of another user" : `the process ${holder[1]} (${holder[2]})`;
}
