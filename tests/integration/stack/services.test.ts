import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { MongoClient } from "mongodb";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writerOf } from "../../../naming.ts";
import { start, stop } from "../../../operations/lifecycle.ts";
import { asRoot } from "../../../operations/process.ts";
import { verify } from "../../../operations/verify.ts";
import type { StackOutputs } from "../../../outputs.ts";
import { docker, execute, makeProject, remainsOf, type Project } from "../../support/project.ts";
import { sql, sqlAsSuperuser } from "../../support/stack.ts";

const MINUTES = 60_000;

jest.setTimeout(2 * MINUTES);

let project: Project;
let outputs: StackOutputs;

beforeAll(async () => {
  project = await makeProject({ adminTools: "true", mongodbServiceUser: "trading_service", sampleData: "true" });
  await project.stack.up();
  outputs = await project.outputs();
}, 5 * MINUTES);

afterAll(() => project.remove(), 2 * MINUTES);

async function withConfigs<T>(act: (client: MongoClient) => Promise<T>): Promise<T> {
  const { fromHost, user, password } = outputs.mongodb;
  const client = new MongoClient(`mongodb://${fromHost.host}:${fromHost.port}/?directConnection=true`, {
    auth: { username: user, password },
  });
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

/** Runs a shell line in a new container on the service network that knows nothing but the stack's environment. */
function asService(image: string, line: string) {
  const environment = Object.keys(outputs.environment).flatMap((name) => ["--env", name]);
  return execute(
    "docker",
    [
      "run",
      "--rm",
      "--network",
      outputs.networks.service,
      ...environment,
      "--entrypoint",
      "/bin/bash",
      image,
      "-c",
      line,
    ],
    { env: { ...outputs.environment } },
  );
}

describe("a trading service on the service network, with nothing but the stack's environment", () => {
  test("writes a run to PostgreSQL", async () => {
    const line = `PGPASSWORD=$POSTGRES_PASSWORD psql -v ON_ERROR_STOP=1 -h $POSTGRES_HOST -p $POSTGRES_PORT -U $POSTGRES_USER -d $POSTGRES_DB -c "
      INSERT INTO simulation_runs (run_uid, name, run_type, config_id, config_hash, algorithm_name, algorithm_version,
        algorithm_hash, simulator_name, simulator_version, simulator_hash, engine_version, dataset_version, random_seed,
        symbols, timeframe, period_start, period_end, account_currency, account_type, starting_equity, periods_per_year)
      VALUES (gen_random_uuid(), 'from a service', 'backtest', 'c', repeat('0', 64), 'buy_and_hold', '1.0.0',
        repeat('0', 64), 'frictionless', '1.0.0', repeat('0', 64), '1.0.0', 'd', 1,
        '{SPY}', '1d', '2024-01-01Z', '2024-12-31Z', 'USD', 'cash', 100000, 252)"`;
    expect(await asService(outputs.postgres.image, line)).toMatchObject({ code: 0, stdout: "INSERT 0 1\n" });
    expect(await sql(outputs, "SELECT name, status FROM simulation_runs WHERE name = 'from a service'")).toEqual([
      { name: "from a service", status: "queued" },
    ]);
  });

  test("writes a configuration to MongoDB", async () => {
    const line = `mongosh --quiet --norc "mongodb://$MONGODB_USERNAME:$MONGODB_PASSWORD@$MONGODB_HOST:$MONGODB_PORT/$MONGODB_DATABASE?authSource=admin&replicaSet=rs0" --eval '
      const copy = db.simulation_configs.findOne();
      copy._id = "from-a-service";
      copy.name = "from a service";
      copy.config_hash = "f".repeat(64);
      print(db.simulation_configs.insertOne(copy).acknowledged)'`;
    expect(await asService(outputs.mongodb.image, line)).toMatchObject({ code: 0, stdout: "true\n" });
    const found = await withConfigs((client) =>
      client.db("trading_configs").collection("simulation_configs").countDocuments({ name: "from a service" }),
    );
    expect(found).toBe(1);
  });

  test.each([
    ["PgAdmin", () => [project.names.containers.pgadmin, 80] as const],
    ["Mongo Express", () => [project.names.containers.mongoExpress, 8081] as const],
  ])("can't reach %s, by name or by address", async (_name, target) => {
    const [container, port] = target();
    const address = await docker(
      "inspect",
      "--format",
      "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
      container,
    );
    const line = `for host in ${container} ${address}; do timeout 2 bash -c "exec 3<>/dev/tcp/$host/${port}" 2>/dev/null && echo "reached $host"; done; echo done`;
    expect((await asService(outputs.postgres.image, line)).stdout).toBe("done\n");
  });
});

describe("PostgreSQL over the network", () => {
  const psql = (user: string, password: string, database: string, statement: string) =>
    asService(
      outputs.postgres.image,
      `PGPASSWORD='${password}' psql "host=postgres user=${user} ${database}" -Atc '${statement}' 2>&1`,
    );

  test("lets the replication role start a stream", async () => {
    const password = outputs.postgres.passwords.trading_replicator;
    const reply = await psql("trading_replicator", password, "replication=true", "IDENTIFY_SYSTEM");
    expect(reply).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\|1\|[0-9A-F]+\/[0-9A-F]+\|\n$/) });
  });

  test("never lets the superuser in", async () => {
    const reply = await psql("postgres", "anything", "dbname=postgres", "SELECT 1");
    expect(reply.code).toBe(2);
    expect(reply.stdout).toContain("pg_hba.conf rejects connection for host");
  });

  test("asks everybody for a password", async () => {
    const reply = await psql("trading_user", "wrong", "dbname=trading_results", "SELECT 1");
    expect(reply.code).toBe(2);
    expect(reply.stdout).toContain('password authentication failed for user "trading_user"');
  });
});

test("PostgreSQL counts its statements", async () => {
  expect(await sqlAsSuperuser(outputs, "postgres", "SELECT count(*) > 0 FROM pg_stat_statements")).toBe("t");
});

test("the databases have no way out of the host, though a service on the service network has one", async () => {
  // A network namespace that knows no way back to Docker's subnets stands for the world: it can only answer whom the host
  // masquerades, as the internet does.
  const world = `tdb-${project.stackName.slice(-8)}`;
  // It ends with its input: who isn't root may not kill what sudo runs.
  const server = `require("net").createServer((socket) => socket.end("out")).listen(7, "198.18.77.2");
    process.stdin.on("end", () => process.exit()).resume()`;
  const commands = [
    `ip netns add ${world}`,
    `ip link add ${world.slice(0, 12)}-a type veth peer name ${world.slice(0, 12)}-b netns ${world}`,
    `ip addr add 198.18.77.1/30 dev ${world.slice(0, 12)}-a`,
    `ip link set ${world.slice(0, 12)}-a up`,
    `ip -n ${world} addr add 198.18.77.2/30 dev ${world.slice(0, 12)}-b`,
    `ip -n ${world} link set ${world.slice(0, 12)}-b up`,
  ];
  const call = `timeout 3 bash -c "cat </dev/tcp/198.18.77.2/7" 2>/dev/null || echo "no way out"`;
  let listening: ChildProcess | undefined;
  try {
    for (const command of commands) expect(await execute(...asRoot(command.split(" ")))).toMatchObject({ code: 0 });
    const [program, args] = asRoot(["ip", "netns", "exec", world, process.execPath, "-e", server]);
    listening = spawn(program, args, { stdio: ["pipe", "ignore", "ignore"] });
    await expectSoon(async () => expect((await asService(outputs.postgres.image, call)).stdout).toBe("out"));
    const { postgres, mongodb } = project.names.containers;
    expect(await docker("exec", postgres, "bash", "-c", call)).toBe("no way out");
    expect(await docker("exec", mongodb, "bash", "-c", call)).toBe("no way out");
  } finally {
    listening?.stdin?.end();
    await execute(...asRoot(["ip", "netns", "delete", world]));
  }
});

describe("secrets", () => {
  /** Every generated password of the stack. */
  const secrets = () => [
    ...Object.values(outputs.postgres.passwords),
    outputs.mongodb.adminPassword,
    outputs.mongodb.password,
    outputs.adminTools!.pgadmin.password,
    outputs.adminTools!.mongoExpress.password,
  ];
  const expectNone = (text: string) => {
    for (const secret of secrets()) expect(text.includes(secret)).toBe(false);
  };

  /** Ids of all containers of the stack. */
  const containers = async () =>
    (await docker("ps", "--all", "--quiet", "--filter", `label=trading-db.installation=${outputs.installation}`)).split(
      "\n",
    );

  test("are different from each other and long", () => {
    expect(new Set(secrets()).size).toBe(secrets().length);
    for (const secret of secrets()) expect(secret).toMatch(/^[A-Za-z0-9]{32}$/);
  });

  test("stand in clear nowhere in the state or its history", async () => {
    const files = await execute("grep", ["-rlE", secrets().join("|"), join(project.folder, ".trading-db", "state")]);
    expect(files.stdout).toBe("");
  });

  test("stand neither in `docker inspect` nor in a process's arguments or environment", async () => {
    const ids = await containers();
    expect(ids).toHaveLength(8);
    expectNone(await docker("inspect", ...ids));
    // Backups are not scheduled here.
    const { postgres, mongodb, pgadmin, mongoExpress } = project.names.containers;
    for (const name of [postgres, mongodb, pgadmin, mongoExpress]) {
      expectNone(await docker("exec", name, "sh", "-c", "cat /proc/1/environ /proc/1/cmdline | tr '\\0' '\\n'"));
      expectNone(await docker("top", name, "-eo", "pid,args"));
    }
  });

  test("stand in no log", async () => {
    for (const id of await containers()) {
      const { stdout, stderr } = await execute("docker", ["logs", id]);
      expectNone(stdout + stderr);
    }
  });

  test("are files that their service alone can read", async () => {
    const modes = (container: string, folder: string) =>
      docker("exec", container, "sh", "-c", `stat -c '%a %u %n' ${folder} ${folder}/*`).then((text) =>
        text.split("\n"),
      );
    const { postgres, mongodb, pgadmin, mongoExpress } = project.names.containers;
    expect(await modes(postgres, "/config")).toEqual([
      "500 999 /config",
      "400 999 /config/pg_hba.conf",
      "400 999 /config/start.sh",
    ]);
    expect(await modes(mongodb, "/data/configdb")).toEqual([
      "500 999 /data/configdb",
      "400 999 /data/configdb/admin-password",
      "400 999 /data/configdb/health.sh",
      "400 999 /data/configdb/keyfile",
      "400 999 /data/configdb/start.sh",
    ]);
    expect(await modes(pgadmin, "/config")).toEqual([
      "500 5050 /config",
      "400 5050 /config/password",
      "400 5050 /config/pg_service.conf",
      "400 5050 /config/servers.json",
      "400 5050 /config/start.sh",
    ]);
    expect(await modes(mongoExpress, "/config")).toEqual([
      "500 1000 /config",
      "400 1000 /config/mongodb-password",
      "400 1000 /config/password",
    ]);
  });

  test("leave no copy in the containers that carried them", async () => {
    for (const name of Object.values(project.names.containers)) {
      expect((await execute("docker", ["cp", `${writerOf(name)}:/upload`, "-"])).code).toBe(1);
    }
  });
});

describe("admin tools", () => {
  const login = (user: string, password: string) => ({
    Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
  });

  test("Mongo Express shows the three collections to whoever has the password, and nothing to others", async () => {
    const { url, user, password } = outputs.adminTools!.mongoExpress;
    await expectSoon(async () => {
      const page = await fetch(`${url}/db/trading_configs/`, { headers: login(user, password) });
      expect(page.status).toBe(200);
      const text = await page.text();
      for (const name of ["simulation_configs", "algorithm_versions", "simulator_configs"])
        expect(text).toContain(name);
    });
    expect((await fetch(`${url}/`, { headers: login(user, "wrong") })).status).toBe(401);
    expect((await fetch(`${url}/`)).status).toBe(401);
  });

  test("PgAdmin lets in the seed's address with the generated password, and no other", async () => {
    const { url, user, password } = outputs.adminTools!.pgadmin;
    await expectSoon(async () => expect((await fetch(`${url}/misc/ping`)).status).toBe(200));
    expect(user).toBe("admin@trading.local");
    expect(await logInToPgAdmin(url, user, password)).toMatch(/\/browser\/$/);
    expect(await logInToPgAdmin(url, user, "wrong")).toMatch(/\/login/);
  });

  test("have nothing to change, also when they are compared with what runs", async () => {
    await project.stack.preview({ expectNoChanges: true, refresh: true });
  });

  test("stop before the databases, and start after them", async () => {
    const { postgres, mongodb, pgadmin, mongoExpress } = project.names.containers;
    expect(await stop(outputs)).toEqual([pgadmin, mongoExpress, postgres, mongodb]);
    expect(await start(outputs)).toEqual([mongodb, postgres, mongoExpress, pgadmin]);
  });

  test("are among the checks of verify, which all pass", async () => {
    const checks = await verify(outputs);
    expect(checks.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(checks.map(({ name }) => name).slice(-2)).toEqual([
      "PgAdmin lets in who has its password",
      "Mongo Express answers who has its password, and nobody else",
    ]);
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

/** Repeats an assertion until it holds, for a minute. */
async function expectSoon(assertion: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + MINUTES;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(500);
    }
  }
}

/** Logs in as a browser would, with the form's token. @returns where PgAdmin sends the browser */
async function logInToPgAdmin(url: string, email: string, password: string): Promise<string> {
  const page = await fetch(`${url}/login`);
  const token = /"csrfToken":\s*"([^"]+)"/.exec(await page.text())?.[1] ?? "";
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  const reply = await fetch(`${url}/authenticate/login`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie, "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ email, password, csrf_token: token }),
  });
  return reply.headers.get("location") ?? "";
}
