import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);
export const images = { postgres: "localhost/trading-db/postgres:15", mongo: "localhost/trading-db/mongo:6.0" };

/** Runs a docker command, and answers with its stdout. */
export async function docker(...args: string[]): Promise<string> {
  return (await run("docker", args)).stdout.trim();
}

/** All that a container wrote. */
export async function logs(container: string): Promise<string> {
  const { stdout, stderr } = await run("docker", ["logs", container]);
  return stdout + stderr;
}

export interface Server {
  container: string;
  host: string;
  port: number;
  /** Data volume, where the server has one. */
  volume?: string;
  image: string;
  /** Removes container and volume, whatever state they are in. */
  remove(): Promise<void>;
}

/** What a superuser is answered, row by row, past all that is tested: columns between "|". */
export function askPostgres({ container }: Server, database: string, sql: string): Promise<string> {
  return docker("exec", container, "psql", "-X", "-U", "postgres", "-d", database, "-Atc", sql);
}

/** A port that nobody uses, for a server that is started again: Docker would choose another one at each start. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

/** Password of the root user of MongoDB in tests. */
export const rootPassword = "root-password-of-the-tests";

/** Passwords of the PostgreSQL roles in tests. */
export const passwords = {
  migrator: "password-m",
  user: "password-u",
  readonly: "password-r",
  replicator: "password-p",
};

/**
 * A PostgreSQL as the image makes it, without roles or database of ours. The data are in memory.
 * @param options of `docker run`, in addition.
 */
export function startPostgres(...options: string[]): Promise<Server> {
  return start(images.postgres, 5432, [
    ...["--env", "POSTGRES_PASSWORD=unused", "--tmpfs", "/var/lib/postgresql/data:uid=999,gid=999", ...options],
    ...[
      images.postgres,
      "-c",
      "fsync=off",
      "-c",
      "shared_preload_libraries=pg_stat_statements",
      "-c",
      "log_statement=all",
    ],
  ]);
}

/**
 * A MongoDB with a root user and a keyfile, not yet a replica set. Its data are in the folder `current` of a volume.
 * @param volume made if it does not exist; removed with the server.
 * @param options of `docker run`, in addition.
 */
export async function startMongo(
  volume = `it-migrator-${randomBytes(4).toString("hex")}`,
  ...options: string[]
): Promise<Server> {
  const script = `
    rm -f /tmp/keyfile && head -c 96 /dev/zero | base64 -w 0 >/tmp/keyfile && chmod 400 /tmp/keyfile && mkdir -p /data/db/current &&
    exec docker-entrypoint.sh mongod --dbpath /data/db/current --replSet rs0 --keyFile /tmp/keyfile --wiredTigerCacheSizeGB 0.25`;
  const server = await start(images.mongo, 27017, [
    ...["--hostname", "mongodb", "--user", "999:999", "--volume", `${volume}:/data/db`],
    ...["--env", "MONGO_INITDB_ROOT_USERNAME=admin", "--env", `MONGO_INITDB_ROOT_PASSWORD=${rootPassword}`, ...options],
    ...["--entrypoint", "/bin/bash", images.mongo, "-c", script],
  ]);
  const remove = async () => {
    await server.remove();
    await docker("volume", "rm", "--force", volume);
  };
  return { ...server, volume, remove };
}

async function start(image: string, port: number, args: string[]): Promise<Server> {
  const container = `it-migrator-${randomBytes(4).toString("hex")}`;
  const remove = async () => void (await docker("rm", "--force", "--volumes", container));
  try {
    await docker("run", "--detach", "--name", container, "--publish", `127.0.0.1::${port}`, ...args);
    return { container, image, ...(await publishedAddress(container, port)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Where a container's port is published now: Docker chooses another one at each start. */
export async function publishedAddress(container: string, port: number): Promise<{ host: string; port: number }> {
  const [host, published] = (await docker("port", container, String(port))).split("\n")[0]!.split(":");
  return { host: host!, port: Number(published) };
}
