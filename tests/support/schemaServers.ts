import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A database server of one test file, with its data in memory. */
export interface Server {
  container: string;
  /** On 127.0.0.1. */
  port: number;
  remove(): Promise<void>;
}

/** Runs a docker command and answers with its stdout; refuses to be silent about what it wrote to stderr when it fails. */
export async function docker(...args: string[]): Promise<string> {
  return (await run("docker", args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
}

/** @param password of the superuser `postgres`. */
export function startPostgresServer(password: string): Promise<Server> {
  const settings = ["fsync=off", "full_page_writes=off", "max_wal_size=4GB", "shared_buffers=512MB", "jit=off"];
  return start(5432, [
    ...["--env", `POSTGRES_PASSWORD=${password}`, "--tmpfs", "/var/lib/postgresql/data", "--shm-size", "256m"],
    "localhost/trading-db/postgres:15",
    ...settings.flatMap((setting) => ["-c", setting]),
  ]);
}

/** A replica set to be, without authentication. */
export function startMongoServer(): Promise<Server> {
  return start(27017, [
    ...["--tmpfs", "/data/db", "localhost/trading-db/mongo:6.0"],
    ...["mongod", "--replSet", "rs0", "--wiredTigerCacheSizeGB", "0.25"],
  ]);
}

/**
 * Tries until it works, every 100 ms.
 * @throws the last error, after 60 s.
 */
export async function until<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (const deadline = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function start(port: number, args: string[]): Promise<Server> {
  const container = `it-schema-${randomBytes(4).toString("hex")}`;
  const remove = async () => void (await docker("rm", "--force", "--volumes", container));
  try {
    await docker("run", "--detach", "--name", container, "--publish", `127.0.0.1::${port}`, ...args);
    const published = await docker("port", container, `${port}/tcp`);
    return { container, port: Number(published.trim().split(":").at(-1)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
