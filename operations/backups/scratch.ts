import { randomBytes } from "node:crypto";
import { start, run, toolsIn, type Tools } from "./tools.ts";

export type ScratchEngine = "postgresql" | "mongodb";

/** A place without a network that has a server's tools, and a folder in which a server can be brought up and looked at. */
export interface Scratch {
  tools: Tools;
  /** Does not exist yet. */
  folder: string;
  /** Ends all that runs in it. The folder goes with it, unless it lies on a named volume. */
  close(): Promise<void>;
}

/** Opens one for a kind of server. Who proves a backup decides where: in a container, or in a folder of its own. */
export type OpenScratch = (engine: ScratchEngine) => Promise<Scratch>;

/** Where the images declare their data volume: what is mounted there belongs to the server's user. */
export const dataPaths = { postgresql: "/var/lib/postgresql/data", mongodb: "/data/db" };

/**
 * A scratch in a container of its own. The container reads from this process and ends with it, so a kill of one that runs leaves nothing.
 *
 * @param volumes such as `NAME:/path`, in the place of volumes that end with the container
 * @param name of the container: while it runs, nobody else gets the same scratch
 */
export async function scratchContainer(
  image: string,
  folder: string,
  volumes: string[] = [],
  name = `trading-scratch-${randomBytes(4).toString("hex")}`,
): Promise<Scratch> {
  const options = [
    ...["--rm", "--interactive", "--pull", "never", "--network", "none", "--user", "999:999", "--read-only"],
    ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp", "--env", "HOME=/tmp"],
    // By which one is found that was never started, because a kill came before that.
    ...["--label", "trading-db.scratch"],
    ...volumes.flatMap((volume) => ["--volume", volume]),
  ];
  const holder = start([], ["docker", "run", "--name", name, ...options, "--entrypoint", "cat", image]);
  // It answers as soon as it runs, and says why where it can't.
  holder.stdin.write("ready\n");
  await Promise.race([new Promise((resolve) => holder.stdout.once("data", resolve)), holder.ended]);
  return {
    tools: toolsIn(name),
    folder,
    async close() {
      holder.stdin.end();
      await holder.ended.catch(() => {});
    },
  };
}

/** Does something in the folder of a scratch that is there already. */
export function inFolder(
  { tools, folder }: Pick<Scratch, "tools" | "folder">,
  script: string,
  ...args: string[]
): Promise<string> {
  return run(tools, ["bash", "-euc", script, "scratch", folder, ...args]);
}
