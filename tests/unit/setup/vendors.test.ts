import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureToolchain, toolVersions } from "../../../setup/toolchain.ts";
import { reachVendors } from "../../../setup/vendors.ts";

const variables = { ...process.env };
let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "cache-"));
  process.env["TRADING_DB_CACHE"] = cache;
});

afterEach(() => {
  process.env = { ...variables };
  rmSync(cache, { recursive: true });
});

test("what a machine reaches is remembered, and not asked again", async () => {
  writeFileSync(join(cache, "vendors.json"), '{ "pulumi": true, "images": false }');
  expect(await reachVendors()).toEqual({ pulumi: true, images: false });
});

test("the official command line is not downloaded where nothing may be installed", async () => {
  await expect(ensureToolchain(true, false, () => {})).rejects.toThrow(
    new Error(`Pulumi ${toolVersions().pulumi} is not installed. Run again without --no-install.`),
  );
});
