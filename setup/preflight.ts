import { createServer } from "node:net";
import { readlink, statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { basename } from "node:path";
import { docker } from "../migrator/docker.ts";
import { allContainers } from "../naming.ts";
import { listMigrations, listSeeds } from "../migrator/files.ts";
import { inspectContainers } from "../operations/containers.ts";
import { UserError } from "../operations/errors.ts";
import { removeLeftovers, type OwnThings } from "../operations/interruption.ts";
import type { Settings } from "../settings.ts";
import { findListener } from "./listener.ts";
import { checkSubnets } from "./subnets.ts";

/** Space that images, an empty database and its write-ahead log need, in bytes. */
const LEAST_DISK = 3 * 1024 ** 3;

/**
 * Looks at everything that would make `pulumi up` fail half-way, before anything is made; what an interrupted run left
 * behind is removed.
 *
 * @throws UserError that names what is in the way, who holds it and how to go on; MigrationError for a file that can't be
 *   ordered
 */
export async function checkTheGround(settings: Settings, own: OwnThings): Promise<void> {
  checkFiles(settings);
  checkMemory(settings, totalmem());
  await checkDisk();
  await removeLeftovers(settings, own);
  const mine = await checkContainers(settings, own);
  await checkNetworks(settings, own);
  await checkSubnets(settings);
  await checkPorts(settings, mine);
}

/** The program reads these files when the servers are declared already. */
function checkFiles({ seedSets }: Settings): void {
  for (const engine of ["postgresql", "mongodb"] as const) {
    listMigrations(engine, `schema/${engine}/migrations`);
    listSeeds(engine, `schema/${engine}/seeds`, seedSets);
  }
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
  const folder = (await docker(["info", "--format", "{{.DockerRootDir}}"])).trim();
  // The folder of a daemon on another machine can't be seen from here.
  const space = await statfs(folder).catch(() => undefined);
  if (space !== undefined) checkFreeSpace(folder, space.bavail * space.bsize);
}

/** @param free bytes that are free in Docker's folder */
export function checkFreeSpace(folder: string, free: number): void {
  if (free >= LEAST_DISK) return;
  throw new UserError(
    `Docker's folder ${folder} has ${mebibytes(free)} free; the databases need ${mebibytes(LEAST_DISK)} to begin with. ` +
      "Make room, for example: docker image prune && docker builder prune",
  );
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}

/** @returns names of this stack's containers that are in its state */
async function checkContainers(settings: Settings, own: OwnThings): Promise<Set<string>> {
  const mine = new Set<string>();
  for (const container of await inspectContainers(allContainers(settings))) {
    if (own.ids.has(container.id)) {
      mine.add(container.name);
    } else if (container.installation !== "") {
      const label = `trading-db.installation=${container.installation}`;
      throw new UserError(
        `The container ${container.name} belongs to another set-up of a stack ${container.stack}: another clone, or one whose state is lost. ` +
          `Use another stack (--stack NAME), or, if that set-up is gone, remove its containers and networks; the data stay in the volumes: ` +
          `docker rm -f $(docker ps -aq --filter label=${label}) && docker network prune -f --filter label=${label}`,
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
  const format = "{{.ID}}\t{{.Name}}";
  const lines = (await docker(["network", "ls", "--no-trunc", "--format", format])).split("\n");
  for (const line of lines) {
    const [id, name] = line.split("\t") as [string, string];
    if (!Object.values(settings.networks).includes(name) || own.ids.has(id)) continue;
    throw new UserError(
      `The name ${name} is taken by a Docker network that is not this stack's; it was not touched. ` +
        `Remove it if nothing uses it (docker network rm ${id.slice(0, 12)}), or use another stack (--stack NAME).`,
    );
  }
}

/** @param mine names of this stack's containers: a port that one of them publishes already is no obstacle for it */
async function checkPorts(settings: Settings, mine: Set<string>): Promise<void> {
  const services = [
    "postgres",
    "mongodb",
    ...(settings.adminTools ? ["pgadmin", "mongoExpress"] : []),
  ] as (keyof Settings["ports"])[];
  for (const service of services) {
    const port = settings.ports[service];
    if (await isFree(settings.bindAddress, port)) continue;
    const publisher = await findPublisher(port);
    if (publisher === settings.containers[service] && mine.has(publisher)) continue;
    const holder = publisher === undefined ? await findProcess(port) : `the container ${publisher}`;
    throw new UserError(
      `Port ${port} of ${settings.bindAddress} is taken by ${holder}. ` +
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

/** The container that publishes a port of this host, if one does. */
async function findPublisher(port: number): Promise<string | undefined> {
  const names = (await docker(["ps", "--filter", `publish=${port}`, "--format", "{{.Names}}"])).trim();
  return names === "" ? undefined : names.split("\n")[0];
}

/** Says in words which process listens on a port; only root may see the processes of others. */
async function findProcess(port: number): Promise<string> {
  const pid = await findListener(port);
  if (pid === undefined) return "a process of another user (run this as root to see which)";
  // A process may call its threads what it likes; its program is what people know.
  const program = await readlink(`/proc/${pid}/exe`).catch(() => "unknown");
  return `the process ${basename(program)} (${pid})`;
}
