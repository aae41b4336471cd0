import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { docker, tryDocker } from "../../support/images.ts";

const MINUTES = 60_000;
jest.setTimeout(2 * MINUTES);

const local = "localhost/trading-db/postgres:15";
let folder: string;
let registry: ChildProcess | undefined;
/** What a stack is given as the source of its images. */
let prefix: string;

beforeAll(async () => {
  const { stdout } = await promisify(execFile)("tests/support/registry/build.sh");
  folder = await mkdtemp(join(tmpdir(), "registry-"));
  registry = spawn(stdout.trim().split("\n").at(-1)!, ["serve", "tests/support/registry/config.yml"], {
    env: { ...process.env, REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: folder, OTEL_TRACES_EXPORTER: "none" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  prefix = `127.0.0.1:${await listeningPort(registry.stderr!)}/trading`;
}, 10 * MINUTES);

afterEach(() => tryDocker(["image", "rm", `${prefix}/postgres:15`]));

afterAll(async () => {
  if (registry === undefined) return;
  registry.kill();
  await once(registry, "exit");
  await rm(folder, { recursive: true });
});

/** The port that the registry was given and writes into its log. */
async function listeningPort(log: Readable): Promise<number> {
  for await (const line of createInterface({ input: log })) {
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) {
      log.resume(); // or its pipe fills up
      return Number(port);
    }
  }
  throw new Error("the registry ended before it listened");
}

test("an image that is pushed under a private registry's prefix comes back from there", async () => {
  const image = `${prefix}/postgres:15`;
  await docker("tag", local, image);
  await docker("push", "--quiet", image);
  await docker("image", "rm", image);
  expect((await tryDocker(["image", "inspect", image])).code).toBe(1);

  await docker("pull", "--quiet", image);

  const id = (name: string) => docker("image", "inspect", "--format={{.Id}}", name);
  expect(await id(image)).toBe(await id(local));
});

test("an image that nobody has pushed is refused by its name", async () => {
  expect((await tryDocker(["pull", "--quiet", `${prefix}/unknown:1`])).output).toContain(
    `${prefix}/unknown:1 not found`,
  );
});
