import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_STACK, nameResources } from "../../../naming.ts";
import { readOutputs } from "../../../operations/stack.ts";
import type { StackOutputs } from "../../../outputs.ts";
import { execute, makeProject, type Project } from "../../support/project.ts";

/*
 * The commands of the original system's documentation, word for word but for passwords. They run against this clone's
 * own stack `dev` where it is up, as it is after ./setup-databases.sh; else against a stack of their own, whose names
 * then stand in place of the plain ones.
 */

jest.setTimeout(300_000);

let project: Project | undefined;
let outputs: StackOutputs;
let folder: string;

beforeAll(async () => {
  try {
    outputs = await readOutputs(DEFAULT_STACK);
  } catch {
    project = await makeProject({ sampleData: "true" });
    await project.stack.up();
    outputs = await project.outputs();
  }
  folder = mkdtempSync(join(tmpdir(), "seed-commands-"));
}, 300_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await project?.remove();
}, 120_000);

/** Runs a line of the documentation in an empty folder; `PASSWORD` stands where it had a password. */
async function run(line: string): Promise<string> {
  const names = project?.names ?? nameResources(DEFAULT_STACK);
  const own = line
    .replaceAll("trading-postgres", names.containers.postgres)
    .replaceAll("trading-mongodb", names.containers.mongodb)
    .replaceAll("PASSWORD", '"$PASSWORD"');
  const env = { PASSWORD: outputs.mongodb.adminPassword };
  const { code, stdout, stderr } = await execute("bash", ["-c", own], { cwd: folder, env });
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout + stderr;
}

describe("PostgreSQL", () => {
  test("shows exactly the four tables", async () => {
    const listing = await run(`docker exec trading-postgres psql -U trading_user -d trading_results -c '\\dt'`);
    const tables = [...listing.matchAll(/^ public \| (\w+)/gm)].map((match) => match[1]);
    expect(tables).toEqual(["equity_points", "positions", "simulation_runs", "trades"]);
  });

  test("tells its version", async () => {
    expect(
      await run(`docker exec trading-postgres psql -U trading_user -d trading_results -c "SELECT version();"`),
    ).toContain("PostgreSQL 15.");
  });

  test("shows its activity, the statements of other users included", async () => {
    const listing = await run(
      `docker exec trading-postgres psql -U trading_user -d trading_results -c "SELECT * FROM pg_stat_activity;"`,
    );
    expect(listing).toContain("client backend");
    expect(listing).not.toContain("insufficient privilege");
  });

  test("is backed up whole", async () => {
    await run("docker exec trading-postgres pg_dump -U trading_user trading_results > backup_postgres.sql");
    const dump = readFileSync(join(folder, "backup_postgres.sql"), "utf8");
    expect(dump).toContain("COPY trading_partitions.trades_");
    expect(dump).toContain("COPY trading_ledger.migrations");
    expect(dump).toContain("-- PostgreSQL database dump complete");
  });

  test("shows its log", async () => {
    expect(await run("docker logs trading-postgres")).toContain("database system is ready to accept connections");
  });
});

describe("MongoDB", () => {
  test("answers a ping", async () => {
    expect(
      await run(
        `docker exec trading-mongodb mongosh --username admin --password PASSWORD --eval "db.adminCommand('ping')"`,
      ),
    ).toContain("ok: 1");
  });

  test("shows its status", async () => {
    expect(
      await run(
        `docker exec trading-mongodb mongosh --username admin --password PASSWORD --eval "db.adminCommand('serverStatus')"`,
      ),
    ).toContain("connections: {");
  });

  test("shows exactly the three collections, with their default documents", async () => {
    const script = `const configs = db.getSiblingDB("trading_configs");
      print(EJSON.stringify(Object.fromEntries(configs.getCollectionNames().sort().map((name) => [name, configs[name].countDocuments()]))))`;
    const printed = await run(
      `docker exec trading-mongodb mongosh --quiet --username admin --password PASSWORD --eval '${script}'`,
    );
    const counts = JSON.parse(printed.trim()) as Record<string, number>;
    expect(Object.keys(counts)).toEqual(["algorithm_versions", "simulation_configs", "simulator_configs"]);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(5);
  });

  test("is backed up and copied out of its container", async () => {
    await run(
      "docker exec trading-mongodb mongodump --username admin --password PASSWORD --authenticationDatabase admin --db trading_configs --out /tmp/backup",
    );
    await run("docker cp trading-mongodb:/tmp/backup ./backup_mongodb/");
    expect(
      readdirSync(join(folder, "backup_mongodb", "trading_configs"))
        .filter((name) => name.endsWith(".bson"))
        .sort(),
    ).toEqual(["algorithm_versions.bson", "simulation_configs.bson", "simulator_configs.bson"]);
  });

  test("shows its log", async () => {
    expect(await run("docker logs trading-mongodb")).toContain("Waiting for connections");
  });
});
