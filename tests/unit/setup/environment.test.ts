import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder, establishEnvironment, usesGeneratedPassphrase } from "../../../setup/environment.ts";

const project = process.cwd();
const variables = { ...process.env };
let clone: string;

beforeEach(() => {
  // A quote in the path: the file to source has to survive it.
  clone = realpathSync(mkdtempSync(join(tmpdir(), "it's a clone-")));
  process.chdir(clone);
  for (const name of Object.keys(process.env))
    if (/^PULUMI|^TRADING_DB|^NODE_COMPILE/.test(name)) delete process.env[name];
});

afterEach(() => {
  process.chdir(project);
  process.env = { ...variables };
  rmSync(clone, { recursive: true });
});

const establish = () => establishEnvironment({ pulumiHome: "/home/pulumi", pulumiVersion: "3.1.4", images: "local" });

/** What a shell has that sources the file, with nothing but these variables before. */
function sourced(file: string, before: Record<string, string> = {}): Record<string, string> {
  const lines = execFileSync("sh", ["-c", '. "$0" && env', file], {
    env: { PATH: "/usr/bin:/bin", ...before },
    encoding: "utf8",
  });
  return Object.fromEntries(
    lines
      .trim()
      .split("\n")
      .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
}

describe("the file to source", () => {
  test("gives a shell trading-db, Pulumi, Node.js, the state, the passphrase and the source of images", () => {
    expect(sourced(establish())).toMatchObject({
      PATH: `${clone}/cli:/home/pulumi/versions/3.1.4/bin:${dirname(process.execPath)}:/usr/bin:/bin`,
      PULUMI_HOME: "/home/pulumi",
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_BACKEND_URL: `file://${clone}/.trading-db/state`,
      PULUMI_CONFIG_PASSPHRASE_FILE: `${clone}/.trading-db/passphrase`,
      TRADING_DB_IMAGES: "local",
      NODE_COMPILE_CACHE: `${cacheFolder()}/compiled`,
    });
  });

  test("leaves alone what the shell names already", () => {
    const before = {
      PULUMI_BACKEND_URL: "s3://states",
      PULUMI_CONFIG_PASSPHRASE: "theirs",
      TRADING_DB_IMAGES: "published",
    };
    const after = sourced(establish(), before);
    expect(after).toMatchObject(before);
    expect(after).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE_FILE");
  });

  test("takes the place of what another clone's file has named in the same shell", () => {
    const other = "/somewhere/else/.trading-db";
    const before = {
      PULUMI_BACKEND_URL: `file://${other}/state`,
      PULUMI_CONFIG_PASSPHRASE_FILE: `${other}/passphrase`,
    };
    const own = {
      PULUMI_BACKEND_URL: `file://${clone}/.trading-db/state`,
      PULUMI_CONFIG_PASSPHRASE_FILE: `${clone}/.trading-db/passphrase`,
    };
    Object.assign(process.env, before);
    const file = establish();
    expect(process.env).toMatchObject(own);
    expect(sourced(file, before)).toMatchObject(own);
  });

  test("keeps the source of images that the clone began with, because its volumes belong to those", () => {
    establish();
    delete process.env["TRADING_DB_IMAGES"];
    const file = establishEnvironment({ pulumiHome: "/home/pulumi", pulumiVersion: "3.1.4", images: "published" });
    expect(process.env["TRADING_DB_IMAGES"]).toBe("local");
    expect(sourced(file)).toMatchObject({ TRADING_DB_IMAGES: "local" });
  });

  test("is readable by its user alone, as the passphrase is", () => {
    const file = establish();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(".trading-db/passphrase").mode & 0o777).toBe(0o600);
    expect(statSync(".trading-db/state").mode & 0o777).toBe(0o700);
  });

  test("is not written again where nothing changed", () => {
    const file = establish();
    utimesSync(file, 1, 1);
    establish();
    expect(statSync(file).mtimeMs).toBe(1000);
  });
});

describe("the passphrase", () => {
  test("is generated once, of 32 random bytes", () => {
    establish();
    const first = readFileSync(".trading-db/passphrase", "utf8");
    establish();
    expect(readFileSync(".trading-db/passphrase", "utf8")).toBe(first);
    expect(Buffer.from(first, "base64url")).toHaveLength(32);
  });

  test("is the user's own where the environment names one, even an empty one", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "";
    establish();
    expect(usesGeneratedPassphrase()).toBe(false);
    expect(process.env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE_FILE");
    expect(() => statSync(".trading-db/passphrase")).toThrow("ENOENT");
  });

  test("of a file that the user names is theirs too", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = "/etc/passphrase";
    expect(usesGeneratedPassphrase()).toBe(false);
  });

  test("of this clone's own file is the generated one", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = `${clone}/.trading-db/passphrase`;
    expect(usesGeneratedPassphrase()).toBe(true);
  });
});
