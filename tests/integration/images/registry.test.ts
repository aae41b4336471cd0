import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { makeClone } from "../../support/clone.ts";
import { docker, images, tryDocker } from "../../support/images.ts";

const MINUTES = 60_000;
jest.setTimeout(5 * MINUTES);

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

afterEach(() => tryDocker(["image", "rm", `${prefix}/postgres:15`, `${prefix}/mongo:7`]));

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

/** Pushes an image of this machine under a name of the registry, and forgets that name here. */
async function publish(local: string, name: string): Promise<void> {
  await docker("tag", local, name);
  expect((await tryDocker(["push", "--quiet", name], 4 * MINUTES)).code).toBe(0);
  await docker("image", "rm", name);
  expect((await tryDocker(["image", "inspect", name])).code).toBe(1);
}

const id = (name: string) => docker("image", "inspect", "--format={{.Id}}", name);

test("an image that is pushed under a private registry's prefix comes back from there", async () => {
  const image = `${prefix}/postgres:15`;
  await publish(images.postgres, image);

  await docker("pull", "--quiet", image);

  expect(await id(image)).toBe(await id(images.postgres));
});

test("an image that nobody has pushed is refused by its name", async () => {
  expect((await tryDocker(["pull", "--quiet", `${prefix}/unknown:1`])).output).toContain(
    `${prefix}/unknown:1 not found`,
  );
});

test("a stack whose images are a registry's prefix is set up whole with what is pulled from there", async () => {
  const wanted = { postgres: `${prefix}/postgres:15`, mongodb: `${prefix}/mongo:7` };
  await publish(images.postgres, wanted.postgres);
  await publish(images.mongo, wanted.mongodb);
  const clone = makeClone({ images: prefix });
  try {
    const { code, stdout, stderr } = await clone.setUp();

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const key of ["postgres", "mongodb"] as const) {
      expect(stdout).toContain(`pulling ${wanted[key]}\n`);
      const running = "{{.State.Running}} {{.Config.Image}}";
      expect(await docker("inspect", `--format=${running}`, clone.names.containers[key])).toBe(`true ${wanted[key]}`);
    }
    expect(stdout).toContain(`Images ${wanted.postgres}, ${wanted.mongodb}`);
  } finally {
    clone.remove();
  }
});
