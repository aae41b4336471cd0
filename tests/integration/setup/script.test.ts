import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeClone, pathWithout, type Clone } from "../../support/clone.ts";

let clone: Clone;
/** Folders to be removed. */
const scratch: string[] = [];

beforeAll(() => {
  clone = makeClone();
});

afterAll(() => {
  clone.remove();
  for (const folder of scratch) rmSync(folder, { recursive: true });
});

/** A cache in which nothing was built yet, on a machine that no vendor answers. */
function emptyCache(): string {
  const folder = mkdtempSync(join(tmpdir(), "cache-"));
  scratch.push(folder);
  writeFileSync(join(folder, "vendors.json"), '{"pulumi":false,"images":false}');
  return folder;
}

describe("the command line", () => {
  test("--help shows the usage and does nothing", async () => {
    expect(await clone.script(["--no-install", "--help"])).toEqual({
      code: 0,
      stderr: "",
      stdout: `Usage: ./setup-databases.sh [--stack NAME] [--admin-tools] [--no-install] [--prepare] [--help]

Starts PostgreSQL and MongoDB on Docker, migrates, seeds and verifies them. A second run changes nothing.

  --stack NAME    the environment to set up (default: dev)
  --admin-tools   also run PgAdmin and Mongo Express, from now on
  --no-install    refuse to install anything; say what is missing instead
  --prepare       install and build what is missing, create nothing
  --help          show this
`,
    });
    expect(existsSync(join(clone.folder, ".trading-db"))).toBe(false);
  });

  test.each(["--stak", "dev", "-x", "--stack=dev", ""])('refuses "%s" before it does anything', async (option) => {
    expect(await clone.script(["--prepare", option])).toEqual({
      code: 2,
      stdout: "",
      stderr: `✖ There is no option "${option}". See: ./setup-databases.sh --help\n`,
    });
    expect(existsSync(join(clone.folder, ".trading-db"))).toBe(false);
  });

  test.each([["a/b"], ["-dev"], ["it's"], ["two words"], ["x".repeat(101)], [""], []])(
    'refuses "%s" as the name of a stack',
    async (...name) => {
      expect(await clone.script(["--stack", ...name])).toEqual({
        code: 2,
        stdout: "",
        stderr:
          `✖ "${name.join()}" can't be the name of a stack: use up to 100 letters, digits, hyphens, underscores and periods, ` +
          "and begin with a letter or digit. See: ./setup-databases.sh --help\n",
      });
      expect(existsSync(join(clone.folder, ".trading-db"))).toBe(false);
    },
  );
});

describe("a machine that lacks", () => {
  /** All that is said, and where it stopped. */
  async function refusal(args: string[], variables: Record<string, string>) {
    const { code, stdout, stderr } = await clone.script(args, variables);
    expect(code).toBe(1);
    return { stderr, last: stdout.trim().split("\n").at(-1) };
  }

  test("npm is told how to get it", async () => {
    const path = pathWithout("npm");
    scratch.push(path);
    expect(await clone.script([], { PATH: path })).toEqual({
      code: 1,
      stdout: "",
      stderr: "\n✖ npm is not installed, and the project's packages come by it. Install it: sudo apt-get install npm\n",
    });
  });

  test("Node.js 24 is told so under --no-install, and gets none", async () => {
    const cache = emptyCache();
    const older = join(cache, "bin");
    mkdirSync(older);
    writeFileSync(join(older, "node"), "#!/bin/sh\necho v20.20.2\n");
    chmodSync(join(older, "node"), 0o755);
    const variables = { PATH: `${older}:${process.env["PATH"]}`, TRADING_DB_CACHE: cache };
    expect(await clone.script(["--no-install"], variables)).toEqual({
      code: 1,
      stdout: "",
      stderr: "\n✖ Node.js 24 is needed; this machine has 20. Run again without --no-install, or install Node.js 24.\n",
    });
    expect(readdirSync(cache).sort()).toEqual(["bin", "vendors.json"]);
  });

  test("the npm packages is told so under --no-install, and gets none", async () => {
    const bare = makeClone();
    try {
      rmSync(join(bare.folder, "node_modules"));
      const { code, stderr } = await bare.script(["--no-install"]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          "\n✖ The npm packages are not those of package-lock.json. Run again without --no-install, or run: npm ci\n",
      });
      expect(existsSync(join(bare.folder, "node_modules"))).toBe(false);
    } finally {
      bare.remove();
    }
  });

  test("the Pulumi toolchain is told so under --no-install, and gets none", async () => {
    const cache = emptyCache();
    expect(await refusal(["--no-install"], { TRADING_DB_CACHE: cache })).toEqual({
      stderr: "\n✖ The Pulumi toolchain is not built. Build it: airgap/toolchain/build.sh\n",
      last: "✖ Machine",
    });
    expect(readdirSync(cache)).toEqual(["vendors.json"]);
  });

  test("an image of this tree is told so under --no-install, and gets none", async () => {
    const changed = makeClone();
    try {
      appendFileSync(join(changed.folder, "airgap/images/postgres/Dockerfile"), "# changed\n");
      const { code, stderr, stdout } = await changed.setUp(["--no-install"], { TRADING_DB_IMAGES: "local" });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          "\n✖ Not all of these images are built as this tree describes them: postgres mongo. Build them:\n" +
          "    airgap/images/build.sh postgres mongo\n",
      });
      expect(stdout.trim().split("\n").slice(-2)).toEqual(["✖ Images", `✖ Stack ${changed.stackName}`]);
      expect(await changed.remains()).toEqual([]);
    } finally {
      changed.remove();
    }
  });

  test("an image of a registry is told so under --no-install, and pulls none", async () => {
    const remote = makeClone({ images: "localhost:1/mirror" });
    try {
      const { code, stderr } = await remote.setUp(["--no-install"]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          "\n✖ The image localhost:1/mirror/postgres:15 is not here. " +
          "Run again without --no-install, or: docker pull localhost:1/mirror/postgres:15\n",
      });
      expect(await remote.remains()).toEqual([]);
    } finally {
      remote.remove();
    }
  });
});

/** A registry that lets nobody pull any more. @returns the way to stop it, and its address */
async function limitingRegistry(): Promise<{ address: string; stop: () => void }> {
  const answer = { errors: [{ code: "TOOMANYREQUESTS", message: "You have reached your pull rate limit." }] };
  const server = createServer((request, response) => {
    const isPing = request.url === "/v2/";
    response.writeHead(isPing ? 200 : 429, { "content-type": "application/json" });
    response.end(isPing ? "{}" : JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `localhost:${(server.address() as AddressInfo).port}`, stop: () => server.close() };
}

test.each([
  // The daemon's own sentence, which each of its versions words differently.
  ["does not answer", async () => ({ address: "localhost:1", stop: () => {} }), ".*connection refused"],
  ["limits the rate of pulls", limitingRegistry, ".*toomanyrequests: You have reached your pull rate limit"],
])(
  "F22: an image whose registry %s is told with the registry's answer and two ways out",
  async (_how, begin, words) => {
    const { address, stop } = await begin();
    const remote = makeClone({ images: `${address}/mirror` });
    try {
      const { code, stderr } = await remote.setUp();
      expect(code).toBe(1);
      const problem = `\n✖ The image ${address}/mirror/postgres:15 could not be pulled: ${words}\\. `;
      const waysOut =
        "Name another source (pulumi config set images REGISTRY/PREFIX), or build it here (pulumi config set images local).\n" +
        "In a shell where `pulumi` is not known yet: source .trading-db/env\n";
      expect(stderr).toMatch(new RegExp(`^${problem}`));
      expect(stderr.slice(stderr.indexOf("Name another"))).toBe(waysOut);
      expect(await remote.remains()).toEqual([]);
    } finally {
      remote.remove();
      stop();
    }
  },
);

test("a run that is stopped while the npm packages are installed is made good by the next one", async () => {
  const bare = makeClone();
  try {
    rmSync(join(bare.folder, "node_modules"));
    const run = bare.begin(["--prepare"]);
    await run.shows("… installing npm packages");
    process.kill(-run.process.pid!, "SIGINT");
    expect((await run.ended).stdout).not.toContain("✔ npm packages");
    const healed = await bare.setUp(["--prepare"]);
    expect(healed).toMatchObject({ code: 0, stderr: "" });
    expect(healed.stdout).toContain("✔ npm packages");
  } finally {
    bare.remove();
  }
}, 400_000);

test("--prepare makes the machine ready and creates nothing", async () => {
  const { code, stdout, stderr } = await clone.setUp(["--prepare"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    new RegExp(`\n✔ Machine \\[.*\\]\n\nReady\\. In a new shell: source ${clone.folder}/.trading-db/env\n$`),
  );
  expect(await clone.remains()).toEqual([]);
  expect(readdirSync(join(clone.folder, ".trading-db/state"))).toEqual([]);
});
