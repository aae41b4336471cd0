import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { docker } from "../migrator/docker.ts";
import { allContainers, type Naming } from "../naming.ts";
import { inspectContainers } from "./containers.ts";
import { UserError } from "./errors.ts";
import { isAbandoned, readLocks } from "./locks.ts";
import { exportDeployment, ownThings, type OwnThings } from "./stack.ts";

/** What the state of a stack knows of Docker's things, read without its secrets. */
export async function readOwnThings(stack: Stack): Promise<OwnThings> {
  return ownThings(await exportDeployment(stack));
}

/**
 * Clears what a run left that was killed: the lock of a process that is gone, and operations that were never finished.
 *
 * @throws UserError where the lock's holder lives, or lives elsewhere
 */
export async function recoverFromInterruption(stack: Stack, say: (step: string) => void): Promise<void> {
  for (const lock of readLocks(stack.name)) {
    if (!isAbandoned(lock)) {
      throw new UserError(
        `Stack ${stack.name} is being changed by process ${lock.pid} of ${lock.username} on ${lock.hostname}, since ${lock.timestamp}. ` +
          "Wait for it to end; if it is gone for good: pulumi cancel",
      );
    }
    say("removing the lock of a run that was killed");
    await stack.cancel();
  }
  const { pending_operations: pending = [] } = await exportDeployment(stack);
  if (pending.length === 0) return;
  say("clearing what an interrupted run left unfinished");
  await stack.refresh({ clearPendingCreates: true });
}

/**
 * Removes containers and networks that carry this installation's label and stand in no state: an interrupted run left them
 * behind. So did a restore with a scratch on its volumes that never ran. Data live in volumes. Whatever belongs to anybody
 * else is never touched.
 */
export async function removeLeftovers(
  names: Pick<Naming, "containers" | "networks" | "volumes">,
  own: OwnThings,
): Promise<void> {
  if (own.installation === undefined) return;
  await removeUnborn(names.volumes);
  for (const { id, installation } of await inspectContainers(allContainers(names))) {
    if (installation === own.installation && !own.ids.has(id)) await docker(["rm", "--force", id]);
  }
  const mine = ["--filter", `label=trading-db.installation=${own.installation}`];
  const lines = await docker(["network", "ls", "--no-trunc", ...mine, "--format", "{{.ID}} {{.Name}}"]);
  for (const line of lines.trim().split("\n")) {
    const [id = "", name = ""] = line.split(" ");
    if (Object.values(names.networks).includes(name) && !own.ids.has(id)) await docker(["network", "rm", id]);
  }
}

/** Removes the scratches of restores that were killed in the moment between a container's making and its start. */
async function removeUnborn({ postgresData, mongodbData }: Naming["volumes"]): Promise<void> {
  // Docker takes either of two volumes.
  const filters = ["status=created", "label=trading-db.scratch", `volume=${postgresData}`, `volume=${mongodbData}`];
  const lines = await docker(["ps", "--all", "--quiet", ...filters.flatMap((filter) => ["--filter", filter])]);
  const ids = lines.split("\n").filter(Boolean);
  if (ids.length > 0) await docker(["rm", "--force", "--volumes", ...ids]);
}
