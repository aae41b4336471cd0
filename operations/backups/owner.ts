import { chown, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Gives what root has made in a place to whoever owns the place: a backup container that runs as another user has to read
 * and to remove what a command of root has left there. Another user than root makes what is his own anyway.
 */
export async function giveToOwnerOf(place: string, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(place);
  const names = (await stat(path)).isDirectory() ? await readdir(path) : [];
  for (const each of [path, ...names.map((name) => join(path, name))]) await chown(each, uid, gid);
}
