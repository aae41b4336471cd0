import { createServer } from "node:net";
import { readlink } from "node:fs/promises";
import { basename } from "node:path";
import { docker } from "../migrator/docker.ts";
import { UserError } from "./errors.ts";
import { findListener } from "./listener.ts";

/**
 * Who holds a port that is to be published, in words; undefined where it is free.
 *
 * @param own name of the container that may hold it
 * @throws UserError where nothing can be published on that address
 */
export async function findTakenPort(address: string, port: number, own?: string): Promise<string | undefined> {
  if (await isFree(address, port)) return undefined;
  const publisher = await findPublisher(port);
  if (publisher !== undefined && publisher === own) return undefined;
  const holder = publisher === undefined ? await findProcess(port) : `the container ${publisher}`;
  return `Port ${port} of ${address} is taken by ${holder}.`;
}

/** A port to take instead. */
export function otherPort(port: number): number {
  return port + 10000 > 65535 ? port - 10000 : port + 10000;
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
