import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { migrate } from "../../migrator/run.ts";
import type { Connection, Engine } from "../../migrator/types.ts";
import type { Server } from "../support/databases.ts";
import { folder, migrationsOf } from "../support/migrations.ts";
import { freshMongo, freshPostgres } from "../support/migratorDatabases.ts";
import { docker } from "../support/project.ts";
import { expectSettled } from "../support/settled.ts";
import { makeScriptedServer, PASSWORD, type ScriptedServer } from "../support/startScript.ts";

const MINUTE = 60_000;
/** Moments of a first start, as parts of the time that it takes. */
const MOMENTS = [0.1, 0.3, 0.5, 0.7, 0.9];

const folders = (server: ScriptedServer) => server.onVolume("ls /volume");

/** How an undisturbed first start leaves the volume, and how long it takes in milliseconds. */
async function measure(name: "postgres" | "mongodb"): Promise<number> {
  const server = await makeScriptedServer(name);
  try {
    const took = await server.start();
    expect(await folders(server)).toBe("current");
    return took;
  } finally {
    await server.remove();
  }
}

/** Asks a running server whether it came up whole. */
const isWhole = {
  async postgres({ container }: ScriptedServer) {
    const settings =
      "SELECT current_setting('data_checksums'), datcollate, datctype FROM pg_database WHERE datname = 'postgres'";
    expect(await docker("exec", container, "psql", "-U", "postgres", "-At", "-c", settings)).toBe("on|C|C.UTF-8");
  },
  async mongodb({ container }: ScriptedServer) {
    const login = ["mongosh", "--quiet", "--norc", "--username", "admin", "--password", PASSWORD];
    const who = "print(JSON.stringify(db.runCommand({ connectionStatus: 1 }).authInfo.authenticatedUserRoles))";
    expect(await docker("exec", container, ...login, "--eval", who)).toBe('[{"role":"root","db":"admin"}]');
  },
};

/** Bootstraps a running server, and answers with a database of it. */
const bootstrapped = {
  async postgres(server: Server) {
    // Nothing but the bootstrap makes what is ours.
    const ours = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'trading%'";
    expect(await docker("exec", server.container, "psql", "-U", "postgres", "-At", "-c", ours)).toBe("0");
    return freshPostgres(server);
  },
  async mongodb({ container, host, port }: Server) {
    const connection = { host, port, database: "test", user: "admin", password: PASSWORD };
    const { changes } = await bootstrapMongo({ connection, container, replicaSetMember: "localhost:27017" });
    expect(changes).toContain("made the replica set rs0");
    return freshMongo(connection);
  },
};

const migrations: Record<"postgres" | "mongodb", [Engine, Record<string, string>]> = {
  postgres: [
    "postgresql",
    {
      "0001_create_runs.sql": "CREATE TABLE runs (id int);\n",
      "0002_index_runs.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY runs_id ON runs (id);\n",
    },
  ],
  mongodb: [
    "mongodb",
    {
      "0001_create_runs.json": '[{ "create": "runs" }]',
      "0002_index_runs.json": '[{ "createIndexes": "runs", "indexes": [{ "key": { "n": 1 }, "name": "n" }] }]',
    },
  ],
};

/** Migrates a running server that has nothing yet. */
async function expectMigrated(name: "postgres" | "mongodb", scripted: ScriptedServer): Promise<void> {
  const server: Server = { ...scripted, ...(await scripted.address()) };
  const connection: Connection = await bootstrapped[name](server);
  const [engine, files] = migrations[name];
  const directory = folder(files);
  await migrate(engine, migrationsOf(engine, connection, directory));
  await expectSettled(engine, server, connection, directory);
}

describe.each(["postgres", "mongodb"] as const)("F34, F35: a first start of %s", (name) => {
  const left: string[] = [];
  let whole: number;
  let server: ScriptedServer;

  beforeAll(async () => {
    whole = await measure(name);
  }, MINUTE);

  beforeEach(async () => {
    server = await makeScriptedServer(name, "bridge");
  });

  afterEach(() => server.remove());

  afterAll(() => {
    // Else the moments would have missed what they are for.
    expect(left).toContain("current.new");
  });

  test.each(MOMENTS)(
    "that is killed after %d of its time comes up whole the next time, and is migrated as any other",
    async (moment) => {
      await server.startAndKill(moment * whole);
      left.push(await folders(server));
      await server.start();
      expect(await folders(server)).toBe("current");
      await isWhole[name](server);
      await expectMigrated(name, server);
    },
    MINUTE,
  );
});

test("MongoDB's version is noted beside its data once it has opened them, and an empty note is taken for none", async () => {
  const server = await makeScriptedServer("mongodb");
  const note = "/volume/current/trading-db.version";
  try {
    await server.start();
    const version = await server.onVolume(`cat ${note}`);
    await docker("stop", server.container);
    await server.onVolume(`: >${note}`);
    await server.start();
    expect(await server.onVolume(`cat ${note}`)).toBe("");
    await docker("exec", server.container, "/bin/bash", "/data/configdb/mongodb-health.sh");
    expect(await server.onVolume(`cat ${note}`)).toBe(version);
  } finally {
    await server.remove();
  }
}, 60_000);

describe("a volume that is not ours to begin on", () => {
  let server: ScriptedServer;

  afterEach(() => server.remove());

  const chown = () =>
    `docker run --rm -u 0 -v ${server.volume}:/volume --entrypoint chown ${server.image} -R 999:999 /volume`;

  test.each(["postgres", "mongodb"] as const)(
    "because %s may not write it is refused, and the printed command helps",
    async (name) => {
      server = await makeScriptedServer(name);
      await server.onVolume("chown 0:0 /volume && chmod 0755 /volume");
      expect(await server.lastWords()).toBe(
        `trading-db: The volume ${server.volume} can't be written by user 999. Nothing was changed.\n` +
          `trading-db: Give it back: ${chown()}\n`,
      );
      expect(await folders(server)).toBe("");
      const [program, ...args] = chown().split(" ");
      expect(program).toBe("docker");
      await docker(...args);
      await server.start();
    },
    MINUTE,
  );

  test("because a PostgreSQL of another set-up is in it is refused and left as it is", async () => {
    server = await makeScriptedServer("postgres");
    await server.onVolume("echo 13 >/volume/PG_VERSION");
    expect(await server.lastWords()).toBe(
      `trading-db: The volume ${server.volume} holds a PostgreSQL 13 of another set-up at its top. Nothing was changed.\n` +
        "trading-db: Back it up and remove it, or move its files into a folder called current.\n",
    );
    expect(await folders(server)).toBe("PG_VERSION");
  });

  test("because a MongoDB of another set-up is in it is refused and left as it is", async () => {
    server = await makeScriptedServer("mongodb");
    await server.onVolume("touch /volume/WiredTiger");
    expect(await server.lastWords()).toBe(
      `trading-db: The volume ${server.volume} holds a MongoDB of another set-up at its top. Nothing was changed.\n` +
        "trading-db: Back it up and remove it, or move its files into a folder called current.\n",
    );
    expect(await folders(server)).toBe("WiredTiger");
  });
});
