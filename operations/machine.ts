import { statfs } from "node:fs/promises";
import { docker } from "../migrator/docker.ts";
import type { Settings } from "../settings.ts";

/** The file system that holds Docker's images and volumes, in bytes. */
export interface DockerDisk {
  folder: string;
  free: number;
  total: number;
}

/** Undefined where the daemon is on another machine: its folder can't be seen from here. */
export async function dockerDisk(): Promise<DockerDisk | undefined> {
  const folder = (await docker(["info", "--format", "{{.DockerRootDir}}"])).trim();
  const space = await statfs(folder).catch(() => undefined);
  return space && { folder, free: space.bavail * space.bsize, total: space.blocks * space.bsize };
}

/**
 * Whether the two databases may use more than there is, in words.
 * @param total memory of the machine in bytes
 */
export function findWantOfMemory({ memory }: Settings, total: number): string | undefined {
  const wanted = (memory.postgres + memory.mongodb) * 1024 ** 2;
  if (wanted <= total) return undefined;
  return `The two databases may use ${mebibytes(wanted)} of memory, but this machine has ${mebibytes(total)}.`;
}

export function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
