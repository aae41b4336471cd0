import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The images that the contract is checked on: those that the environment names, or the local builds. */
export const images = {
  postgres: process.env["TRADING_DB_CONTRACT_POSTGRES"] ?? "localhost/trading-db/postgres:15",
  mongo: process.env["TRADING_DB_CONTRACT_MONGO"] ?? "localhost/trading-db/mongo:6.0",
  pgadmin: process.env["TRADING_DB_CONTRACT_PGADMIN"] ?? "localhost/trading-db/pgadmin4:9.18",
  mongoExpress: process.env["TRADING_DB_CONTRACT_MONGO_EXPRESS"] ?? "localhost/trading-db/mongo-express:1.0.2",
};

/** How the program runs each container. */
export const hardened = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp"];

export interface Finished {
  code: number;
  /** What it wrote, standard output before standard error. */
  output: string;
}

/**
 * Runs docker to its end; does not throw for what it says.
 *
 * @param timeout milliseconds after which it is killed
 */
export function tryDocker(args: string[], timeout = 60_000): Promise<Finished> {
  return new Promise((resolve) => {
    execFile("docker", args, { timeout, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, output: stdout + stderr });
    });
  });
}

/** Runs docker and answers with what it wrote; throws when it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { code, output } = await tryDocker(args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")} ended with ${code}: ${output}`);
  return output.trim();
}

/**
 * Asks again until the answer is true.
 *
 * @param what named in the error when that takes longer than `seconds`
 */
export async function until(what: string, check: () => Promise<boolean>, seconds = 120): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`${what}: not so after ${seconds} s`);
    await sleep(100);
  }
}

/** Containers, volumes, networks and files of one test. `remove` removes them all, in whatever state they are. */
export class Scratch {
  readonly #containers: string[] = [];
  readonly #volumes: string[] = [];
  readonly #networks: string[] = [];
  readonly #folders: string[] = [];

  /** Starts a container and answers with its name. */
  async start(image: string, options: string[], ...command: string[]): Promise<string> {
    const container = name();
    this.#containers.push(container);
    await docker("run", "--detach", `--name=${container}`, ...options, image, ...command);
    return container;
  }

  /** Runs a container to its end, which has to come within 20 s. */
  async run(image: string, options: string[], ...command: string[]): Promise<Finished> {
    const container = name();
    this.#containers.push(container);
    return tryDocker(["run", `--name=${container}`, ...options, image, ...command], 20_000);
  }

  async volume(): Promise<string> {
    const volume = name();
    this.#volumes.push(volume);
    return docker("volume", "create", volume);
  }

  async network(): Promise<string> {
    const network = name();
    this.#networks.push(network);
    await docker("network", "create", network);
    return network;
  }

  /** Writes a file that every user can read, and answers with the option that mounts it read-only at the path. */
  async file(path: string, content: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "contract-"));
    this.#folders.push(folder);
    await writeFile(join(folder, "file"), content, { mode: 0o644 });
    return `--volume=${join(folder, "file")}:${path}:ro`;
  }

  async remove(): Promise<void> {
    // --volumes takes the anonymous ones, which an image's VOLUME makes.
    if (this.#containers.length > 0) await tryDocker(["rm", "--force", "--volumes", ...this.#containers.splice(0)]);
    for (const volume of this.#volumes.splice(0)) await docker("volume", "rm", volume);
    for (const network of this.#networks.splice(0)) await docker("network", "rm", network);
    for (const folder of this.#folders.splice(0)) await rm(folder, { recursive: true });
  }
}

function name(): string {
  return `contract-${randomBytes(5).toString("hex")}`;
}

/** All that a container has written. */
export async function logs(container: string): Promise<string> {
  return docker("logs", container);
}

/** The port of the host where a container's port, published by `--publish=127.0.0.1::PORT`, is found. */
export async function publishedPort(container: string, port: number): Promise<number> {
  return Number((await docker("port", container, `${port}/tcp`)).split(":").at(-1));
}

export interface Stopped {
  exitCode: number;
  /** From the signal to the end. */
  seconds: number;
}

/** Stops a container by its own stop signal; kills it only after 30 s. */
export async function stop(container: string): Promise<Stopped> {
  const begin = performance.now();
  await docker("stop", "--time=30", container);
  const seconds = (performance.now() - begin) / 1000;
  return { exitCode: Number(await docker("inspect", "--format={{.State.ExitCode}}", container)), seconds };
}

/** Users that a container's processes run as: numeric ids, without repeats. */
export async function processUsers(container: string): Promise<string[]> {
  const lines = (await docker("top", container, "-o", "uid,pid")).split("\n").slice(1);
  return [...new Set(lines.map((line) => line.trim().split(/\s+/)[0]!))];
}
