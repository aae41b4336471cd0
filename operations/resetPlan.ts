import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { listBackups, newestGood } from "./backups/catalog.ts";
import { placeOf } from "./backups/ofStack.ts";
import { exportDeployment, readPartialOutputs } from "./stack.ts";

/** What a reset deletes, and what stays to bring it back from. */
export interface ResetPlan {
  /** Names, by the kind of thing. */
  containers: string[];
  networks: string[];
  volumes: string[];
  /** Folder of the stack's backups, which stays. */
  place: string;
  /** The newest good backup; null where there is none. */
  lastBackup: { name: string; state: string } | null;
}

/** Reads it from the stack's state, so that it works on a stack that never came up whole. */
export async function resetPlan(stack: Stack): Promise<ResetPlan> {
  const { resources = [] } = await exportDeployment(stack);
  const named = (type: string) =>
    resources.filter((resource) => resource.type === type).map(({ outputs }) => String(outputs?.["name"]));
  const place = placeOf(stack.name, await readPartialOutputs(stack.name));
  const backup = newestGood(await listBackups(place));
  return {
    containers: named("docker:index/container:Container"),
    networks: named("docker:index/network:Network"),
    volumes: named("docker:index/volume:Volume"),
    place,
    lastBackup: backup === undefined ? null : { name: backup.name, state: backup.state },
  };
}
