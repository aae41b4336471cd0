import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, run, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
import { docker, execute } from "../support/project.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// Each test provokes a fault of a server that runs, runs what doctor prints below it, and sees it well again.

const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

let clone: Clone;
let patient: Patient;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  patient = await setUpPatient(clone);
}, 8 * MINUTE);

afterAll(() => clone.remove());

const psql = (statement: string, database = "postgres") =>
  `docker exec ${patient.outputs.postgres.container} psql -U postgres -d ${database} -c "${statement}"`;

const mongosh = (script: string) => clone.login(patient.tradingDb(`mongosh --eval '${script}'`));

/** A session of trading_user, which may be ended by the server. */
async function session(): Promise<pg.Client> {
  const { fromHost, database, user, password } = patient.outputs.postgres;
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
      const { host, port } = patient.outputs.postgres.fromHost;
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
      patient.outputs,
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
      patient.outputs,
      "postgres",
      "CREATE DATABASE texts TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'",
    );
    const [actual] = [
      await sqlAsSuperuser(
        patient.outputs,
        "postgres",
        "SELECT datcollversion FROM pg_database WHERE datname = 'texts'",
      ),
    ];
    await sqlAsSuperuser(
      patient.outputs,
      "postgres",
      "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = 'texts'",
    );
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
      await sqlAsSuperuser(patient.outputs, "postgres", "DROP DATABASE texts");
    }
  });

  test("with a replication slot of somebody who is away lets it go", async () => {
    await sqlAsSuperuser(patient.outputs, "postgres", "SELECT pg_create_physical_replication_slot('away', true)");
    // Each switch leaves a file of 16 MiB behind.
    for (let count = 0; count < 18; count++) {
      await sqlAsSuperuser(
        patient.outputs,
        "postgres",
        "SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()",
      );
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
    await sqlAsSuperuser(patient.outputs, "postgres", "ALTER ROLE trading_readonly PASSWORD 'another'");
    const { host, port } = patient.outputs.postgres.fromHost;
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "PostgreSQL lets trading_readonly in",
        problem:
          `PostgreSQL at ${host}:${port} refuses trading_readonly in trading_results: ` +
          'password authentication failed for user "trading_readonly".',
        cure: patient.setUp,
      },
    ]);
    await heal(clone, faults);
  });

  test("F24: in whose container a fork bomb goes off is held by its memory, MongoDB works on, and nothing is lost", async () => {
    const { container } = patient.outputs.postgres;
    const processes = 4000;
    const bomb = `for i in {1..${processes}}; do sleep 20 & done; wait`;
    let isOver = false;
    const exploded = execute("docker", ["exec", "--user", "999", container, "bash", "-c", bomb]);
    void exploded.then(() => (isOver = true));
    const primary = mongosh("db.hello().isWritablePrimary");
    let most = 0;
    while (!isOver) {
      const { stdout } = await execute("docker", ["top", container, "-eo", "pid"]);
      most = Math.max(most, stdout.trim().split("\n").length);
    }
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThan(processes);
    expect(await primary).toMatchObject({ code: 0, stdout: "true\n" });
    await heal(clone, await faultsOf(clone), 2);
    await patient.sameData();
  });
});

describe("MongoDB", () => {
  test("that stepped down takes writes again", async () => {
    // Its connection may be closed before the answer.
    await mongosh("db.adminCommand({ replSetStepDown: 600, force: true })");
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "MongoDB is the primary of rs0",
        problem: "MongoDB is no primary of rs0 and takes no writes.",
        cure: patient.tradingDb("restart"),
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
        cure: patient.tradingDb(`mongosh --eval 'db.adminCommand({ setFeatureCompatibilityVersion: "6.0" })'`),
      },
    ]);
    await heal(clone, faults);
    await patient.sameData();
  });

  test("F11: that refuses admin, whose password somebody changed, gives it the stack's again", async () => {
    expect(await mongosh('db.getSiblingDB("admin").changeUserPassword("admin", "another")')).toMatchObject({ code: 0 });
    const { host, port } = patient.outputs.mongodb.fromHost;
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "MongoDB lets admin in",
        problem: `MongoDB at ${host}:${port} refuses the password of admin.`,
        cure: patient.tradingDb("recover-mongodb"),
      },
    ]);
    await heal(clone, faults);
    await patient.sameData();
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "F19: whose recovery is ended by %s is started again",
    async (signal) => {
      const { container } = patient.outputs.mongodb;
      const recovery = run(clone.folder, [
        "bash",
        "-c",
        `source .trading-db/env; exec ${patient.tradingDb("recover-mongodb")}`,
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
          cure: patient.tradingDb("start"),
        },
      ]);
      await heal(clone, faults);
      expect(await docker("ps", "--quiet", "--filter", `volume=${patient.outputs.mongodb.dataVolume}`)).not.toContain(
        "\n",
      );
      await patient.sameData();
    },
  );
});

// The last one: it takes the stack away.
test("F19: a reset that is ended by Ctrl-C is gone on with, to a stack that is new and whole", async () => {
  const line = `source .trading-db/env; exec ${patient.tradingDb(`reset ${clone.stackName}`)}`;
  const reset = run(clone.folder, ["bash", "-c", line]);
  while ((await docker("ps", "--quiet", "--filter", `name=^${patient.outputs.postgres.container}$`)) !== "")
    await sleep(50);
  process.kill(-reset.process.pid!, "SIGINT");
  expect((await reset.ended).code).not.toBe(0);
  const faults = await faultsOf(clone);
  expect(faults).toContainEqual({
    name: `container ${patient.outputs.postgres.container}`,
    problem: `There is no container ${patient.outputs.postgres.container}.`,
    cure: patient.setUp,
  });
  await heal(clone, faults, 3);
});
