import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as programs from "../../../operations/process.ts";
import { ensureToolchain, toolVersions } from "../../../setup/toolchain.ts";
import { reachVendors } from "../../../setup/vendors.ts";

const variables = { ...process.env };
/** Programs are looked up in this one's PATH: the `process` of a test has a copy of the environment. */
const { env } = process.getBuiltinModule("node:process");
const path = env["PATH"];
let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "cache-"));
  process.env["TRADING_DB_CACHE"] = cache;
});

afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...variables };
  env["PATH"] = path;
  rmSync(cache, { recursive: true });
});

/** Puts a `docker` first on PATH that notes what it is asked and ends with this code. */
function fakeDocker(code: number): { asked(): string[] } {
  const asked = join(cache, "asked");
  writeFileSync(join(cache, "docker"), `#!/bin/sh\necho "$*" >>'${asked}'\nexit ${code}\n`, { mode: 0o755 });
  env["PATH"] = [cache, path].join(delimiter);
  return { asked: () => (existsSync(asked) ? readFileSync(asked, "utf8").trim().split("\n") : []) };
}

describe("what a machine reaches", () => {
  test.each([
    { site: 200, registry: 0, answer: { pulumi: true, images: true } },
    { site: 200, registry: 1, answer: { pulumi: true, images: false } },
    { site: 503, registry: 0, answer: { pulumi: false, images: true } },
  ])("is asked once and remembered: $answer", async ({ site, registry, answer }) => {
    const docker = fakeDocker(registry);
    const fetched = jest.spyOn(globalThis, "fetch").mockResolvedValue(new Response(null, { status: site }));

    expect(await reachVendors()).toEqual(answer);
    expect(await reachVendors()).toEqual(answer);

    expect(fetched.mock.calls).toEqual([
      ["https://get.pulumi.com/install.sh", { method: "HEAD", signal: expect.any(AbortSignal) }],
    ]);
    expect(docker.asked()).toEqual(["manifest inspect postgres:15"]);
    expect(readFileSync(join(cache, "vendors.json"), "utf8")).toBe(JSON.stringify(answer) + "\n");
  });

  test("is nothing where no answer comes, and no answer is awaited for more than 5 s", async () => {
    fakeDocker(1);
    const asked = jest.spyOn(programs, "run");
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const limit = jest.spyOn(AbortSignal, "timeout").mockImplementation(() => timeout(20));
    jest.spyOn(globalThis, "fetch").mockImplementation(
      (_, options) =>
        new Promise((_, reject) => {
          const signal = options!.signal!;
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    );

    expect(await reachVendors()).toEqual({ pulumi: false, images: false });

    expect(limit.mock.calls).toEqual([[5000]]);
    expect(asked.mock.calls).toEqual([["docker", ["manifest", "inspect", "postgres:15"], 5000]]);
  });

  test("is not asked where it was written down before", async () => {
    const docker = fakeDocker(0);
    const fetched = jest.spyOn(globalThis, "fetch");
    writeFileSync(join(cache, "vendors.json"), '{ "pulumi": true, "images": false }');

    expect(await reachVendors()).toEqual({ pulumi: true, images: false });

    expect(fetched).not.toHaveBeenCalled();
    expect(docker.asked()).toEqual([]);
  });
});

test("the official command line is not downloaded where nothing may be installed", async () => {
  await expect(ensureToolchain(true, false, () => {})).rejects.toThrow(
    new Error(`Pulumi ${toolVersions().pulumi} is not installed. Run again without --no-install.`),
  );
});
