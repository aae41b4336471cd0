import { totalmem } from "node:os";
import { docker } from "../migrator/docker.ts";
import { allContainers } from "../naming.ts";
import { listMigrations, listSeeds } from "../migrator/files.ts";
import { describeForeign, describeOther, inspectContainers, removalOf } from "../operations/containers.ts";
import { UserError } from "../operations/errors.ts";
import { removeLeftovers } from "../operations/interruption.ts";
import { dockerDisk, findWantOfMemory, mebibytes } from "../operations/machine.ts";
import { findTakenPort, otherPort } from "../operations/ports.ts";
import type { OwnThings } from "../operations/stack.ts";
import { checkSubnets } from "../operations/subnets.ts";
import type { Settings } from "../settings.ts";

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
  const problem = findWantOfMemory(settings, total);
  if (problem === undefined) return;
  throw new UserError(
    `${problem} Give them less: pulumi config set postgresMemory 512 && pulumi config set mongodbMemory 512`,
  );
}

async function checkDisk(): Promise<void> {
  const disk = await dockerDisk();
  if (disk !== undefined) checkFreeSpace(disk.folder, disk.free);
}

/** @param free bytes that are free in Docker's folder */
export function checkFreeSpace(folder: string, free: number): void {
  if (free >= LEAST_DISK) return;
  throw new UserError(
    `Docker's folder ${folder} has ${mebibytes(free)} free; the databases need ${mebibytes(LEAST_DISK)} to begin with. ` +
      "Make room, for example: docker image prune && docker builder prune",
  );
}

/** @returns names of this stack's containers that are in its state */
async function checkContainers(settings: Settings, own: OwnThings): Promise<Set<string>> {
  const mine = new Set<string>();
  for (const container of await inspectContainers(allContainers(settings))) {
    if (own.ids.has(container.id)) {
      mine.add(container.name);
    } else if (container.installation !== "") {
      throw new UserError(
        `${describeOther(container)} ` +
          `Use another stack (--stack NAME), or, if that set-up is gone, remove its containers and networks; the data stay in the volumes: ` +
          removalOf(container.installation),
      );
    } else {
      throw new UserError(
        `${describeForeign(container)}; it was not touched. ` +
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
    const own = mine.has(settings.containers[service]) ? settings.containers[service] : undefined;
    const problem = await findTakenPort(settings.bindAddress, port, own);
    if (problem === undefined) continue;
    throw new UserError(
      `${problem} Stop that, or choose another port: pulumi config set ${service}Port ${otherPort(port)}`,
    );
  }
}
