import { readdir, readFile, readlink } from "node:fs/promises";

/** The state LISTEN in /proc/net/tcp, whose columns proc(5) describes. */
const LISTEN = "0A";

/**
 * The process that listens on a TCP port of this host. Only root sees the processes of others.
 *
 * @returns its number; undefined where there is none, or none that may be seen
 */
export async function findListener(port: number): Promise<number | undefined> {
  const sockets = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const lines = (await readFile(table, "utf8").catch(() => "")).trim().split("\n").slice(1);
    for (const line of lines) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === LISTEN && parseInt(local!.split(":")[1]!, 16) === port) sockets.add(`socket:[${inode}]`);
    }
  }
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      if (sockets.has(await readlink(`/proc/${pid}/fd/${file}`).catch(() => ""))) return Number(pid);
    }
  }
  return undefined;
}
