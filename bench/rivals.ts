import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nameResources } from "../naming.ts";
import { parseSettings } from "../settings.ts";
import type { Figures } from "./report.ts";
import { time } from "./stopwatch.ts";

/** Builds docker compose and terraform's provider where they are not yet. @returns the folder that has them */
export function buildRivals(): string {
  return execFileSync("bench/build.sh", { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

/** Version of the terraform on PATH, or undefined where there is none. */
export function terraformVersion(): string | undefined {
  try {
    return JSON.parse(
      execFileSync("terraform", ["version", "-json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    ).terraform_version;
  } catch {
    return undefined;
  }
}

/** Measures `docker compose up --wait`, from nothing and again. */
export async function measureCompose(rivals: string): Promise<Figures> {
  const { name, ...variables } = describe();
  const env = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key.toUpperCase(), value]));
  const compose = (...args: string[]) =>
    time({
      program: join(rivals, "docker-compose"),
      args: ["--project-name", name, "--file", "bench/compose/compose.yaml", ...args],
      env,
    });
  try {
    return { containers: await compose("up", "--wait"), noop: await compose("up", "--wait") };
  } finally {
    await compose("down", "--volumes", "--timeout", "2");
  }
}

/** Measures `terraform apply`, from nothing and again, with the look at the daemon that is its default and without. */
export async function measureTerraform(rivals: string): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "trading-db-bench-"));
  const variables = Object.entries(describe()).map(([key, value]) => [`TF_VAR_${key}`, value]);
  const configuration = join(folder, "terraform.rc");
  const mirror = join(rivals, "terraform-mirror");
  writeFileSync(configuration, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
  cpSync("bench/terraform/main.tf", join(folder, "main.tf"));
  const env = { ...Object.fromEntries(variables), TF_CLI_CONFIG_FILE: configuration, CHECKPOINT_DISABLE: "1" };
  const terraform = (...args: string[]) => time({ program: "terraform", args, cwd: folder, env });
  const apply = (...options: string[]) => terraform("apply", "-auto-approve", "-input=false", ...options);
  try {
    await terraform("init", "-input=false");
    try {
      return { containers: await apply(), noop: await apply(), stateOnly: await apply("-refresh=false") };
    } finally {
      await terraform("destroy", "-auto-approve", "-input=false");
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What one run of a rival is called and uses: a name and ports of its own, the images of this project. */
function describe() {
  const name = `bench-${randomBytes(4).toString("hex")}`;
  const { images } = parseSettings(name, {}, process.env["TRADING_DB_IMAGES"]);
  const { ports } = nameResources(name);
  return {
    name,
    postgres_image: images.postgres,
    postgres_port: String(ports.postgres),
    mongodb_image: images.mongodb,
    mongodb_port: String(ports.mongodb),
    password: randomBytes(16).toString("hex"),
  };
}
