import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { asRoot } from "../../../operations/process.ts";
import { makeClone, pathWithout, type Clone } from "../../support/clone.ts";
import { execute } from "../../support/project.ts";

let clone: Clone;
let path: string | undefined;

beforeAll(() => {
  clone = makeClone();
});

afterEach(() => {
  if (path !== undefined) rmSync(path, { recursive: true });
  path = undefined;
});

afterAll(() => clone.remove());

/** Where the script stopped, and what it said. */
async function refusal(variables: Record<string, string>) {
  const { code, stdout, stderr } = await clone.setUp(["--no-install"], variables);
  return { code, steps: stdout.trim().split("\n").slice(2), stderr };
}

const AT_DOCKER = ["❯ Machine", "❯ Docker Engine", "✖ Docker Engine", "✖ Machine"];

test("a machine without Docker is told how to get it, and gets nothing under --no-install", async () => {
  path = pathWithout("docker", "dockerd");
  expect(await refusal({ PATH: path })).toEqual({
    code: 1,
    steps: AT_DOCKER,
    stderr:
      "\n✖ Docker Engine is not installed. Run again without --no-install, " +
      "or: sudo apt-get install --no-install-recommends docker.io iptables\n",
  });
});

test("a daemon that does not run where DOCKER_HOST points is told with that address", async () => {
  const host = `unix://${join(clone.folder, "dead.sock")}`;
  expect(await refusal({ DOCKER_HOST: host })).toEqual({
    code: 1,
    steps: AT_DOCKER,
    stderr: `\n✖ Docker does not answer at DOCKER_HOST=${host}. Start it there, or use this machine's own: unset DOCKER_HOST\n`,
  });
});

test("a socket behind which nobody answers is given up after ten seconds", async () => {
  const socket = join(clone.folder, "silent.sock");
  const server = createServer().listen(socket);
  try {
    const started = performance.now();
    expect((await refusal({ DOCKER_HOST: `unix://${socket}` })).stderr).toBe(
      `\n✖ Docker does not answer at DOCKER_HOST=unix://${socket}. Start it there, or use this machine's own: unset DOCKER_HOST\n`,
    );
    expect(performance.now() - started).toBeLessThan(25_000);
  } finally {
    server.close();
  }
}, 60_000);

test("a user who may not use Docker is told how to be let", async () => {
  const program = `import("./setup/dockerEngine.ts").then((module) => module.ensureDockerEngine(true, console.log)).catch((error) => {
    console.log(error.name + ": " + error.message);
  })`;
  // Nobody may read the folders of this user without that capability; it does not open the daemon's socket.
  const nobody = ["--reuid=65534", "--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
  const command = ["setpriv", ...nobody, process.execPath, "--eval", program];
  expect(await execute(...asRoot(command))).toEqual({
    code: 0,
    stdout:
      "UserError: Docker runs, but this user may not use it. Let it, then log in again: sudo usermod -aG docker $USER\n",
    stderr: "",
  });
});
