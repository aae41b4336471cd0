import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { randomInt } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listMigrations } from "../../../migrator/files.ts";
import { start, stop } from "../../../operations/lifecycle.ts";
import { databaseStatus } from "../../../operations/statusTable.ts";
import { verify } from "../../../operations/verify.ts";
import type { StackOutputs } from "../../../outputs.ts";
import { fingerprint } from "../../support/fingerprint.ts";
import { docker, execute, makeProject, remainsOf, type Project } from "../../support/project.ts";
import { sql, sqlAsSuperuser } from "../../support/stack.ts";

const MINUTES = 60_000;

jest.setTimeout(6 * MINUTES);

let project: Project;
let outputs: StackOutputs;

beforeAll(async () => {
  project = await makeProject({ mongodbServiceUser: "trading_service", sampleData: "true" });
  await project.stack.up();
  outputs = await project.outputs();
}, 5 * MINUTES);

afterAll(() => project.remove(), 2 * MINUTES);

/** The runs as a service reads them, and what stands for all rows and documents. */
const data = async () => ({
  runs: await sql(outputs, "SELECT run_uid FROM simulation_runs ORDER BY run_id"),
  all: await fingerprint(outputs),
});

describe("a stack that is up", () => {
  test("has nothing to change, also when it is compared with what runs", async () => {
    await project.stack.preview({ expectNoChanges: true });
    await project.stack.up({ expectNoChanges: true });
    await project.stack.preview({ expectNoChanges: true, refresh: true });
    const { summary } = await project.stack.up({ refresh: true, expectNoChanges: true });
    expect(Object.keys(summary.resourceChanges!)).toEqual(["same"]);
  });

  test("passes every check of verify", async () => {
    const checks = await verify(await project.outputs());
    expect(checks.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      "PostgreSQL answers trading_migrator",
      "PostgreSQL answers trading_user",
      "PostgreSQL answers trading_readonly",
      "PostgreSQL answers trading_replicator",
      "PostgreSQL has its schema",
      "PostgreSQL's schema is what its migrations made",
      "PostgreSQL has its seeds",
      "trading_user can write",
      "trading_user can't change the schema",
      "trading_readonly can't write",
      "MongoDB answers admin",
      "MongoDB has its schema",
      "MongoDB's schema is what its migrations made",
      "MongoDB has its seeds",
      "trading_service can write",
      "trading_service can't write elsewhere",
    ]);
  });

  describe("fails in verify at what is wrong, and at nothing else:", () => {
    /** What is wrong, in words, by the name of the check that says so. */
    const problems = async (wrong: Partial<StackOutputs> = {}) =>
      Object.fromEntries(
        (await verify({ ...outputs, ...wrong }))
          .filter(({ problem }) => problem !== undefined)
          .map(({ name, problem }) => [name, problem]),
      );

    /** Runs a statement on the users' database, and answers with what verify finds then; at the end, undoes it. */
    const problemsAfter = async (statement: string, undo: (reply: string) => string) => {
      const reply = await sqlAsSuperuser(outputs, "trading_results", statement);
      try {
        return await problems();
      } finally {
        await sqlAsSuperuser(outputs, "trading_results", undo(reply));
      }
    };

    /** What verify finds when a file is not in the ledger. */
    const problemsWithout = (table: "migrations" | "seeds", name: string) =>
      problemsAfter(
        `DELETE FROM trading_ledger.${table} WHERE name = '${name}' RETURNING to_jsonb(${table})`,
        (row) =>
          `INSERT INTO trading_ledger.${table} SELECT * FROM jsonb_populate_record(NULL::trading_ledger.${table}, '${row}')`,
      );

    afterEach(async () => expect(await problems()).toEqual({}));

    test("a password of PostgreSQL", async () => {
      const { host, port } = outputs.postgres.fromHost;
      const passwords = { ...outputs.postgres.passwords, trading_readonly: "wrong" };
      const refused =
        `PostgreSQL at ${host}:${port} refuses trading_readonly in trading_results: password authentication failed for ` +
        'user "trading_readonly". Run `pulumi up --refresh`, which sets up the database and its roles again.';
      expect(await problems({ postgres: { ...outputs.postgres, passwords } })).toEqual({
        "PostgreSQL answers trading_readonly": refused,
        "trading_readonly can't write": refused,
      });
    });

    test("a password of MongoDB", async () => {
      const { host, port } = outputs.mongodb.fromHost;
      const refused =
        `MongoDB at ${host}:${port} refuses the password of admin. Somebody changed it, its volume was made with another one, or its first ` +
        "start was killed before the user was made. `npm run recover:mongodb` sets the password that this stack has; " +
        "no data are lost.";
      expect(await problems({ mongodb: { ...outputs.mongodb, adminPassword: "wrong" } })).toEqual({
        "MongoDB answers admin": refused,
        "MongoDB has its schema": refused,
        "MongoDB's schema is what its migrations made": refused,
        "MongoDB has its seeds": refused,
      });
    });

    test("a privilege too many", async () => {
      const granted = await problemsAfter(
        "GRANT CREATE ON SCHEMA public TO trading_user",
        () => "REVOKE CREATE ON SCHEMA public FROM trading_user",
      );
      expect(granted).toEqual({
        "PostgreSQL's schema is what its migrations made":
          "somebody changed it: schema public is granting CREATE, USAGE to trading_user, and should be granting USAGE to " +
          "trading_user. Take that back, or make it a migration",
        "trading_user can't change the schema": "CREATE TABLE was not refused",
      });
    });

    test("a schema that lacks the last migration", async () => {
      const [before, last] = listMigrations("postgresql", "schema/postgresql/migrations")
        .slice(-2)
        .map(({ name }) => name);
      expect(await problemsWithout("migrations", last!)).toEqual({
        "PostgreSQL has its schema": `its schema is ${before}, but the files end with ${last}. Migrate it: pulumi up`,
      });
    });

    test("a column that somebody added", async () => {
      const added = await problemsAfter(
        "ALTER TABLE simulation_runs ADD COLUMN note text",
        () => "ALTER TABLE simulation_runs DROP COLUMN note",
      );
      expect(added).toEqual({
        "PostgreSQL's schema is what its migrations made":
          "somebody changed it: column public.simulation_runs.note is there, but no migration made it: text. " +
          "Take that back, or make it a migration",
      });
    });

    test("a seed that is missing", async () => {
      const seed = "dev/0001_sample_run.sql";
      expect(await problemsWithout("seeds", seed)).toEqual({
        "PostgreSQL has its seeds": `these seeds are missing: ${seed}. Insert them: pulumi up`,
      });
    });
  });

  test("keeps its data when other settings make its containers and networks anew", async () => {
    const { containers, networks } = project.names;
    const things = [...Object.values(networks), containers.postgres, containers.mongodb];
    const ids = async () => (await docker("inspect", "--format", "{{.Id}}", ...things)).split("\n");
    const memory = (container: string) => docker("inspect", "--format", "{{.HostConfig.Memory}}", container);
    const subnet = (network: string) => docker("inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", network);
    const before = await data();
    expect(before.runs).toHaveLength(1);
    const old = await ids();

    // Two neighbours that hardly another run of this test has at the same time.
    const third = 2 * randomInt(128);
    const settings = {
      postgresMemory: "384",
      mongodbMemory: "640",
      databaseSubnet: `10.231.${third}.0/24`,
      serviceSubnet: `10.231.${third + 1}.0/24`,
    };
    for (const [key, value] of Object.entries(settings)) await project.stack.setConfig(`trading-db:${key}`, { value });
    await project.stack.up();

    for (const id of await ids()) expect(old).not.toContain(id);
    expect(await memory(containers.postgres)).toBe(String(384 * 1024 * 1024));
    expect(await memory(containers.mongodb)).toBe(String(640 * 1024 * 1024));
    expect(await subnet(networks.database)).toBe(settings.databaseSubnet);
    expect(await subnet(networks.service)).toBe(settings.serviceSubnet);
    expect(await data()).toEqual(before);
    const { summary } = await project.stack.up({ refresh: true, expectNoChanges: true });
    expect(Object.keys(summary.resourceChanges!)).toEqual(["same"]);
    expect(await data()).toEqual(before);
  });

  test("shows a new migration in the preview by its name, and applies it", async () => {
    const name = "9999_create_view_of_the_tests.sql";
    const folder = join(project.folder, "schema/postgresql/migrations");
    const last = readdirSync(folder).sort().at(-1)!;
    const next = `${String(Number(last.slice(0, 4)) + 1).padStart(4, "0")}${name.slice(4)}`;
    writeFileSync(
      join(folder, next),
      "CREATE VIEW of_the_tests AS SELECT 42 AS answer;\nGRANT SELECT ON of_the_tests TO trading_user;\n",
    );
    const { stdout } = await project.stack.preview({ diff: true });
    expect(stdout).toContain(next);
    await project.stack.up();
    expect(await sql(outputs, "SELECT answer FROM of_the_tests")).toEqual([{ answer: 42 }]);
    expect((await project.outputs()).postgres.schemaVersion).toBe(next);
  });

  test("comes back with its data when a container was removed by hand", async () => {
    const before = await data();
    await docker("rm", "--force", project.names.containers.postgres, project.names.containers.mongodb);
    await project.stack.up({ refresh: true });
    expect(await data()).toEqual(before);
  });

  test("stops and starts with its data, and stops cleanly", async () => {
    const before = await data();
    await stop(outputs);
    expect((await databaseStatus(outputs)).map(({ state }) => state)).toEqual(["exited", "exited"]);
    const { stdout, stderr } = await execute("docker", ["logs", "--tail", "1", project.names.containers.postgres]);
    expect(stdout + stderr).toContain("database system is shut down");
    await start(outputs);
    expect(await data()).toEqual(before);
  });
});

// The last one: it takes the stack away.
test(
  "destroy leaves nothing",
  async () => {
    await project.stack.destroy();
    expect(await remainsOf(project.names)).toEqual([]);
  },
  2 * MINUTES,
);
