import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { docker } from "../../support/project.ts";
import { makeScriptedServer, PASSWORD, type ScriptedServer } from "../../support/startScript.ts";

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

describe.each(["postgres", "mongodb"] as const)("F34, F35: a first start of %s", (name) => {
  const left: string[] = [];
  let whole: number;
  let server: ScriptedServer;

  beforeAll(async () => {
    whole = await measure(name);
  }, MINUTE);

  beforeEach(async () => {
    server = await makeScriptedServer(name);
  });

  afterEach(() => server.remove());

  afterAll(() => {
    // Else the moments would have missed what they are for.
    expect(left).toContain("current.new");
  });

  test.each(MOMENTS)(
    "that is killed after %d of its time comes up whole the next time",
    async (moment) => {
      await server.startAndKill(moment * whole);
      left.push(await folders(server));
      await server.start();
      expect(await folders(server)).toBe("current");
      await isWhole[name](server);
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
