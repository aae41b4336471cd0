import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Scratch, docker, hardened, images, logs, processUsers, stop, tryDocker, until } from "../../support/images.ts";

jest.setTimeout(300_000);
const scratch = new Scratch();
afterEach(() => scratch.remove());

const image = images.postgres;
const DATA = "/var/lib/postgresql/data";
/** Data in memory, for tests that need them only once. */
const inMemory = `--tmpfs=${DATA}:uid=999,gid=999,mode=0700`;
const socketFolder = "--tmpfs=/var/run/postgresql:uid=999,gid=999,mode=3777";

/** Runs SQL through TCP as a client would, and answers with the bare rows. */
async function query(container: string, user: string, password: string, database: string, sql: string) {
  const address = `postgresql://${user}:${password}@127.0.0.1/${database}`;
  return tryDocker(["exec", container, "psql", "--no-psqlrc", "-qAtX", address, "--command", sql]);
}

/** The server that TCP reaches is the real one: the temporary one of an initialisation must not listen there. */
function ready(container: string): Promise<void> {
  return until("PostgreSQL answers on TCP", async () => {
    const running = await docker("inspect", "--format={{.State.Running}}", container);
    if (running !== "true") throw new Error(`PostgreSQL ended: ${await logs(container)}`);
    return (await tryDocker(["exec", container, "pg_isready", "--quiet", "--host=127.0.0.1"])).code === 0;
  });
}

describe("an image of PostgreSQL", () => {
  test("makes the superuser, its password and the database that the environment names", async () => {
    const container = await scratch.start(image, [
      ...[inMemory, "--env=POSTGRES_USER=boss", "--env=POSTGRES_PASSWORD=right", "--env=POSTGRES_DB=results"],
      ...["--env=POSTGRES_INITDB_ARGS=--data-checksums --locale=C", "--publish=127.0.0.1::5432"],
    ]);
    await ready(container);

    const row = "SELECT current_user, current_database(), current_setting('data_checksums')";
    expect(await query(container, "boss", "right", "results", row)).toEqual({ code: 0, output: "boss|results|on\n" });
  });

  test("asks for the password wherever a client comes from outside the container", async () => {
    const network = await scratch.network();
    const server = await scratch.start(image, [inMemory, `--network=${network}`, "--env=POSTGRES_PASSWORD=right"]);
    await ready(server);

    const client = (password: string) =>
      scratch.run(
        image,
        [`--network=${network}`, "--entrypoint=psql"],
        `postgresql://postgres:${password}@${server}`,
        "-qAtc",
        "SELECT 1",
      );
    expect(await client("right")).toEqual({ code: 0, output: "1\n" });
    expect((await client("wrong")).output).toContain('password authentication failed for user "postgres"');
  });

  test("reads the password from the file that POSTGRES_PASSWORD_FILE names", async () => {
    const file = await scratch.file("/run/password", "from a file\n");
    const container = await scratch.start(image, [inMemory, file, "--env=POSTGRES_PASSWORD_FILE=/run/password"]);
    await ready(container);

    // In the container itself every password passes, so what the server keeps is asked for.
    const stored = await query(
      container,
      "postgres",
      "any",
      "postgres",
      "SELECT rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = 'postgres'",
    );
    expect(stored.output).toBe("t\n");
    expect(await docker("inspect", container)).not.toContain("from a file");
  });

  test.each([
    [
      "both the password and its file are given",
      ["--env=POSTGRES_PASSWORD=a", "--env=POSTGRES_PASSWORD_FILE=/etc/hostname"],
    ],
    ["no password is given", []],
    ["the password is empty", ["--env=POSTGRES_PASSWORD="]],
  ])("refuses to start and makes no data when %s", async (_, options) => {
    const volume = await scratch.volume();
    const { code, output } = await scratch.run(image, [`--volume=${volume}:${DATA}`, ...options]);

    expect(code).toBe(1);
    expect(output).toMatch(/POSTGRES_PASSWORD/);
    const found = await scratch.run(image, [`--volume=${volume}:${DATA}`, "--entrypoint=ls"], "-A", DATA);
    expect(found).toEqual({ code: 0, output: "" });
  });

  test("runs the scripts of initdb.d once, in order, before TCP answers, and keeps the data when it is re-created", async () => {
    const volume = await scratch.volume();
    const options = [
      ...[`--volume=${volume}:${DATA}`, "--env=POSTGRES_PASSWORD=right"],
      await scratch.file("/docker-entrypoint-initdb.d/1.sql", "CREATE TABLE ran (step int)"),
      await scratch.file(
        "/docker-entrypoint-initdb.d/2.sh",
        `psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c 'INSERT INTO ran VALUES (2)'
         if pg_isready -q -h 127.0.0.1; then psql -U "$POSTGRES_USER" -c 'INSERT INTO ran VALUES (-1)'; fi`,
      ),
      await scratch.file("/docker-entrypoint-initdb.d/3.sql", "INSERT INTO ran VALUES (3)"),
    ];
    const steps = async () => {
      const container = await scratch.start(image, options);
      await ready(container);
      const { output } = await query(container, "postgres", "right", "postgres", "SELECT array_agg(step) FROM ran");
      await docker("rm", "--force", container);
      return output;
    };

    expect(await steps()).toBe("{2,3}\n");
    expect(await steps()).toBe("{2,3}\n");
  });

  test("runs as user 999 without capabilities, on a read-only root, with its data in a subfolder that it makes", async () => {
    const volume = await scratch.volume();
    await scratch.run(image, ["--user=0", `--volume=${volume}:${DATA}`, "--entrypoint=chown"], "999:999", DATA);
    const container = await scratch.start(
      image,
      [
        ...[...hardened, socketFolder, "--user=999:999", `--volume=${volume}:${DATA}`],
        ...[`--env=PGDATA=${DATA}/current`, "--env=POSTGRES_PASSWORD=right"],
      ],
      ...["postgres", "-c", "shared_preload_libraries=pg_stat_statements"],
    );
    await ready(container);

    const sql =
      "CREATE EXTENSION pg_stat_statements; SELECT current_setting('data_directory'), count(*) > 0 FROM pg_stat_statements";
    expect((await query(container, "postgres", "right", "postgres", sql)).output).toBe(`${DATA}/current|t\n`);
    expect(await processUsers(container)).toEqual(["999"]);
  });

  test("starts on a data folder that another script has initialised, and leaves it as it is", async () => {
    const script = `initdb -D "$PGDATA" -U founder >/dev/null && exec docker-entrypoint.sh postgres -c listen_addresses=127.0.0.1`;
    const options = [
      inMemory,
      socketFolder,
      ...hardened,
      "--user=999:999",
      `--env=PGDATA=${DATA}/current`,
      "--entrypoint=bash",
    ];
    const container = await scratch.start(image, options, "-c", script);
    await ready(container);

    const roles = "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper";
    expect((await query(container, "founder", "any", "postgres", roles)).output).toBe("founder\n");
  });

  test("gives up root for user 999, and takes options of the server without its name", async () => {
    const container = await scratch.start(image, ["--env=POSTGRES_PASSWORD=right"], "-c", "max_connections=17");
    await ready(container);

    expect((await query(container, "postgres", "right", "postgres", "SHOW max_connections")).output).toBe("17\n");
    expect(await processUsers(container)).toEqual(["999"]);
  });

  test("ends cleanly within 5 s of its stop signal, although a client is connected", async () => {
    const container = await scratch.start(image, [inMemory, "--env=POSTGRES_PASSWORD=right"]);
    await ready(container);
    await docker("exec", "--detach", container, "psql", "-U", "postgres", "-c", "SELECT pg_sleep(60)");
    await until("the client is connected", async () => {
      const { output } = await query(
        container,
        "postgres",
        "right",
        "postgres",
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'",
      );
      return output === "1\n";
    });

    const { exitCode, seconds } = await stop(container);
    expect(exitCode).toBe(0);
    expect(seconds).toBeLessThan(15);
    expect(await logs(container)).toMatch(/database system is shut down\s*$/);
  });

  test("initialises nothing when it is asked for help or given another command", async () => {
    expect(await scratch.run(image, [], "--version")).toEqual({
      code: 0,
      output: expect.stringMatching(/^postgres \(PostgreSQL\) 15\./),
    });
    expect((await scratch.run(image, [], "postgres", "--help")).output).toMatch(/^postgres is the PostgreSQL server\./);
    const shell = await scratch.run(image, [], "bash", "-c", "ls -A $PGDATA; echo done");
    expect(shell).toEqual({ code: 0, output: "done\n" });
  });

  test("has the tools that the program calls", async () => {
    const tools =
      "bash setpriv install initdb pg_ctl pg_isready psql pg_dump pg_restore pg_basebackup pg_receivewal pg_controldata";
    const { code, output } = await scratch.run(image, ["--entrypoint=bash"], "-c", `type -P ${tools} | wc -l`);
    expect({ code, output: output.trim() }).toEqual({ code: 0, output: String(tools.split(" ").length) });
  });
});
