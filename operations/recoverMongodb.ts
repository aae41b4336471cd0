import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { docker } from "../migrator/docker.ts";
import { resetMongoRootPassword } from "../migrator/mongodb/recovery.ts";
import { MONGODB_MEMBER } from "../naming.ts";
import { inspectContainers } from "./containers.ts";
import { UserError } from "./errors.ts";
import { exportDeployment, readSettings } from "./stack.ts";

/**
 * Gives MongoDB's root user the password that the stack's state knows: the way back when a volume was kept and the state
 * that knew its password was lost. Stops the server for some seconds; touches no data but that user's.
 */
export async function recoverMongodb(stack: Stack): Promise<void> {
  const { containers, images, volumes } = await readSettings(stack);
  await refuseUnlessOwn(containers.mongodb, stack);
  // The volume of configuration files was written from this state, also when the update that followed failed.
  const place = ["--network", "none", "--user", "999:999", "--volume", `${volumes.mongodbConfig}:/config:ro`];
  const read = ["--entrypoint", "cat", images.mongodb, "/config/admin-password"];
  const password = await docker(["run", "--rm", "--pull", "never", ...place, ...read]);
  await docker(["stop", containers.mongodb], "", 120);
  try {
    await resetMongoRootPassword({
      volume: volumes.mongodbData,
      image: images.mongodb,
      user: "admin",
      password,
      replicaSetMember: MONGODB_MEMBER,
    });
  } finally {
    await docker(["start", containers.mongodb]);
  }
}

/** Another clone's server may have the name. It is not ours to be stopped, or given a password. */
async function refuseUnlessOwn(name: string, stack: Stack): Promise<void> {
  const [container] = await inspectContainers([name]);
  if (container === undefined)
    throw new UserError(`There is no container ${name}. Make it anew on the same data: pulumi up --refresh`);
  const { resources = [] } = await exportDeployment(stack);
  if (resources.some(({ id }) => id === container.id)) return;
  throw new UserError(
    `The container ${name} is not of this clone's stack ${stack.name}; it was not touched. ` +
      "Run this in the clone that made it.",
  );
}
