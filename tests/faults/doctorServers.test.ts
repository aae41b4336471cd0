import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StackOutputs } from "../../outputs.ts";
import { makeClone, run, type Clone } from "../support/clone.ts";
import { faultsOf, heal } from "../support/doctor.ts";
import { fingerprint } from "../support/fingerprint.ts";
import { docker } from "../support/project.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// Each test provokes a fault of a server that runs, runs what doctor prints below it, and sees it well again.

const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

let clone: Clone;
let outputs: StackOutputs;
let before: string;
let setUp: string;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  setUp = `./setup-databases.sh --stack ${clone.stackName}`;
  expect(await clone.setUp()).toMatchObject({ code: 0, stderr: "" });
  outputs = await clone.outputs();
  before = await fingerprint(outputs);
}, 8 * MINUTE);

afterAll(() => clone.remove());

const tradingDb = (command: string) => `npx trading-db --stack ${clone.stackName} ${command}`;
const psql = (statement: string, database = "postgres") =>
  `docker exec ${outputs.postgres.container} psql -U postgres -d ${database} -c "${statement}"`;
const sameData = async () => expect(await fingerprint(await clone.outputs())).toBe(before);

/** A session of trading_user, which may be ended by the server. */
async function session(): Promise<pg.Client> {
  const { fromHost, database, user, password } = outputs.postgres;
  const client = new pg.Client({ ...fromHost, database, user, password });
  client.on("error", () => {});
  await client.connect();
  return client;
}

describe("PostgreSQL", () => {
  test("F32: without a connection left says so in a sentence to every command, and gets back those that are idle", async () => {
    const sessions: pg.Client[] = [];
    try {
      for (let count = 0; count < 97; count++) sessions.push(await session());
      const { host, port } = outputs.postgres.fromHost;
      expect(await clone.login("npx trading-db activity")).toEqual({
        code: 1,
        stdout: "",
        stderr:
          `✖ PostgreSQL at ${host}:${port} has no connection left for trading_user. ` +
          "See who has them, and the command that ends those that are idle: `npx trading-db doctor`.\n",
      });
      const faults = await faultsOf(clone);
      expect(faults).toEqual([
        {
          name: "PostgreSQL has connections left",
          problem: "97 of PostgreSQL's 97 connections are in use, 97 of them idle.",
          cure: psql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'idle'",
          ),
        },
      ]);
      await heal(clone, faults);
    } finally {
      await Promise.all(sessions.map((client) => client.end().catch(() => {})));
    }
  });

  test("F32: whose collation another version orders, as after a change of the image, notes the new one", async () => {
    await sqlAsSuperuser(
      outputs,
      "postgres",
      "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = 'trading_results'",
    );
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "PostgreSQL's collations are those that its indexes were made with",
        problem:
          "The database trading_results was made with collation version 2.31, and this server has none: indexes on text may be wrong.",
        cure: psql("UPDATE pg_database SET datcollversion = NULL WHERE datname = 'trading_results'"),
      },
    ]);
    await heal(clone, faults);
  });

  test("F32: of which a database with a collation of its own was moved to another version builds its indexes anew", async () => {
    await sqlAsSuperuser(
      outputs,
      "postgres",
      "CREATE DATABASE texts TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'",
    );
    const [actual] = [
      await sqlAsSuperuser(outputs, "postgres", "SELECT datcollversion FROM pg_database WHERE datname = 'texts'"),
    ];
    await sqlAsSuperuser(outputs, "postgres", "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = 'texts'");
    try {
      const faults = await faultsOf(clone);
      expect(faults).toEqual([
        {
          name: "PostgreSQL's collations are those that its indexes were made with",
          problem: `The database texts was made with collation version 2.31, and this server has ${actual}: indexes on text may be wrong.`,
          cure: `${psql('REINDEX DATABASE \\"texts\\"', "texts")} && ${psql('ALTER DATABASE \\"texts\\" REFRESH COLLATION VERSION')}`,
        },
      ]);
      await heal(clone, faults);
    } finally {
      await sqlAsSuperuser(outputs, "postgres", "DROP DATABASE texts");
    }
  });

  test("with a replication slot of somebody who is away lets it go", async () => {
    await sqlAsSuperuser(outputs, "postgres", "SELECT pg_create_physical_replication_slot('away', true)");
    // Each switch leaves a file of 16 MiB behind.
    for (let count = 0; count < 18; count++) {
      await sqlAsSuperuser(outputs, "postgres", "SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()");
    }
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "no replication slot holds back PostgreSQL's log",
        problem: expect.stringMatching(
          /^The replication slot away keeps \d{3} MiB of PostgreSQL's log for somebody who is away\.$/,
        ),
        cure: psql("SELECT pg_drop_replication_slot('away')"),
      },
    ]);
    await heal(clone, faults);
  });

  test("with a session that sleeps on its locks, and lets another wait, ends it", async () => {
    const [sleeper, waiter] = [await session(), await session()];
    try {
      await sleeper.query("BEGIN");
      const { rows } = await sleeper.query("SELECT pg_backend_pid() AS pid FROM simulation_runs FOR UPDATE");
      const waiting = waiter.query("SELECT run_id FROM simulation_runs FOR UPDATE");
      await sleep(11_000);
      const faults = await faultsOf(clone);
      expect(faults).toEqual([
        {
          name: "no session sleeps on its locks",
          problem: expect.stringMatching(
            new RegExp(
              `^Session ${rows[0].pid} of trading_user does nothing in its transaction for \\d\\d s, and holds locks; 1 others wait for it\\.$`,
            ),
          ),
          cure: psql(`SELECT pg_terminate_backend(${rows[0].pid})`),
        },
      ]);
      await heal(clone, faults);
      expect((await waiting).rows).toHaveLength(1);
    } finally {
      await Promise.all([sleeper, waiter].map((client) => client.end().catch(() => {})));
    }
  });

  test("that refuses a role, whose password somebody changed, gives it the stack's again", async () => {
    await sqlAsSuperuser(outputs, "postgres", "ALTER ROLE trading_readonly PASSWORD 'another'");
    const { host, port } = outputs.postgres.fromHost;
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "PostgreSQL lets trading_readonly in",
        problem:
          `PostgreSQL at ${host}:${port} refuses trading_readonly in trading_results: ` +
          'password authentication failed for user "trading_readonly".',
        cure: setUp,
      },
    ]);
    await heal(clone, faults);
  });
});

describe("MongoDB", () => {
  const mongosh = (script: string) => clone.login(tradingDb(`mongosh --eval '${script}'`));

  test("that stepped down takes writes again", async () => {
    // Its connection may be closed before the answer.
    await mongosh("db.adminCommand({ replSetStepDown: 600, force: true })");
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "MongoDB is the primary of rs0",
        problem: "MongoDB is no primary of rs0 and takes no writes.",
        cure: tradingDb("restart"),
      },
    ]);
    await heal(clone, faults);
  });

  test("F12: whose data are of the release before gets them into its own form", async () => {
    expect(await mongosh('db.adminCommand({ setFeatureCompatibilityVersion: "5.0" })')).toMatchObject({ code: 0 });
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "MongoDB's feature compatibility version is its own",
        problem: "MongoDB 6.0 keeps its data in the form of 5.0, from which no later MongoDB than 6.0 takes them over.",
        cure: tradingDb(`mongosh --eval 'db.adminCommand({ setFeatureCompatibilityVersion: "6.0" })'`),
      },
    ]);
    await heal(clone, faults);
    await sameData();
  });

  test("F11: that refuses admin, whose password somebody changed, gives it the stack's again", async () => {
    expect(await mongosh('db.getSiblingDB("admin").changeUserPassword("admin", "another")')).toMatchObject({ code: 0 });
    const { host, port } = outputs.mongodb.fromHost;
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "MongoDB lets admin in",
        problem: `MongoDB at ${host}:${port} refuses the password of admin.`,
        cure: tradingDb("recover-mongodb"),
      },
    ]);
    await heal(clone, faults);
    await sameData();
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "F19: whose recovery is ended by %s is started again",
    async (signal) => {
      const { container } = outputs.mongodb;
      const recovery = run(clone.folder, [
        "bash",
        "-c",
        `source .trading-db/env; exec ${tradingDb("recover-mongodb")}`,
      ]);
      const isRunning = () => docker("inspect", "--format", "{{.State.Running}}", container);
      while ((await isRunning()) === "true") await sleep(50);
      process.kill(-recovery.process.pid!, signal);
      expect((await recovery.ended).code).not.toBe(0);
      const faults = await faultsOf(clone);
      expect(faults).toEqual([
        {
          name: `container ${container}`,
          problem: `The container ${container} is exited, with exit code 0.`,
          cure: tradingDb("start"),
        },
      ]);
      await heal(clone, faults);
      expect(await docker("ps", "--quiet", "--filter", `volume=${outputs.mongodb.dataVolume}`)).not.toContain("\n");
      await sameData();
    },
  );
});

describe("migrations", () => {
  const file = (engine: string, name: string) => join(clone.folder, `schema/${engine}/migrations`, name);

  test("that are pending are applied", async () => {
    writeFileSync(file("postgresql", "0019_add_notes.sql"), "CREATE TABLE notes (text text);\n");
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      { name: "PostgreSQL has all migrations", problem: "0019_add_notes.sql is not applied.", cure: setUp },
    ]);
    await heal(clone, faults);
  });

  test("that were edited after they were applied get the text back that the ledger keeps", async () => {
    appendFileSync(file("postgresql", "0019_add_notes.sql"), "CREATE TABLE more (text text);\n");
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "PostgreSQL has all migrations",
        problem:
          '0019_add_notes.sql was edited after it was applied: line 2 is new: "CREATE TABLE more (text text);". Bring its text back, ' +
          "and put the change into a new file. Where only comments changed, `npm run migrate -- repair 0019_add_notes.sql` accepts them.",
        cure:
          `docker exec ${outputs.postgres.container} psql -U postgres -d trading_results -Atc ` +
          `"SELECT text FROM trading_ledger.migrations WHERE name = '0019_add_notes.sql'" > schema/postgresql/migrations/0019_add_notes.sql`,
      },
    ]);
    await heal(clone, faults);
  });

  test("whose file is gone get it back from the ledger", async () => {
    const name = "0003_create_simulation_configs.ts";
    rmSync(file("mongodb", name));
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "MongoDB has all migrations",
        problem: expect.stringContaining(name),
        cure: expect.stringContaining(`> schema/mongodb/migrations/${name}`),
      },
    ]);
    await heal(clone, faults);
  });

  test("around which somebody changed the schema tell what is another, with the command that shows it", async () => {
    await sqlAsSuperuser(outputs, "trading_results", "CREATE INDEX by_hand ON notes (text)");
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "PostgreSQL's schema is what its migrations made",
        problem: expect.stringMatching(
          /^Somebody changed it: index public\.by_hand is there, but no migration made it: .+\. Take that back, or make it a migration\.$/,
        ),
        cure: "npm run migrate -- --engine postgresql drift",
      },
    ]);
    // Nobody but who changed it knows what it is for: the command tells, and changes nothing.
    expect(await clone.login(faults[0]!.cure)).toMatchObject({ code: 3, stderr: expect.stringContaining("by_hand") });
    await sqlAsSuperuser(outputs, "trading_results", "DROP INDEX by_hand");
    expect(await faultsOf(clone)).toEqual([]);
  });

  test("F24: of which one wants more memory than there is are applied once the server has more", async () => {
    const greedy = "SELECT length(string_agg(repeat('x', 1000), '')) FROM generate_series(1, 250000);\n";
    writeFileSync(file("postgresql", "0020_want_memory.sql"), greedy);
    expect(await clone.setUp()).toMatchObject({
      code: 1,
      stderr:
        "\n✖ The connection to PostgreSQL broke (Connection terminated unexpectedly), for the 6th time. " +
        "Run `pulumi up` again when it is stable: the ledger tells what stands.\n" +
        "In a shell where `pulumi` is not known yet: source .trading-db/env\n",
    });
    const { container } = outputs.postgres;
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${container}`,
        problem: `The kernel killed a process of ${container}, which may use 256 MiB of memory and wanted more.`,
        cure: `pulumi config set postgresMemory 512 --stack ${clone.stackName} && ${setUp}`,
      },
    ]);
    // Without swap it takes twice.
    await heal(clone, faults, 2);
    await sameData();
  });
});

// The last one: it takes the stack away.
test("F19: a reset that is ended by Ctrl-C is gone on with, to a stack that is new and whole", async () => {
  const line = `source .trading-db/env; exec ${tradingDb(`reset ${clone.stackName}`)}`;
  const reset = run(clone.folder, ["bash", "-c", line]);
  while ((await docker("ps", "--quiet", "--filter", `name=^${outputs.postgres.container}$`)) !== "") await sleep(50);
  process.kill(-reset.process.pid!, "SIGINT");
  expect((await reset.ended).code).not.toBe(0);
  const faults = await faultsOf(clone);
  expect(faults).toContainEqual({
    name: `container ${outputs.postgres.container}`,
    problem: `There is no container ${outputs.postgres.container}.`,
    cure: setUp,
  });
  await heal(clone, faults, 3);
});
