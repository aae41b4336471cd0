import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { createServer } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
import { docker } from "../support/project.ts";

// Each test provokes a fault of what is on Docker, runs what doctor prints below it, and sees it well again.

const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

const POSTGRES_IMAGE = "localhost/trading-db/postgres:15";

let clone: Clone;
let patient: Patient;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  patient = await setUpPatient(clone);
}, 8 * MINUTE);

afterAll(() => clone.remove());

test("a stack that is well passes every check, each of which is named", async () => {
  const { code, stdout, stderr } = await clone.login(patient.tradingDb("doctor"));
  const { containers, volumes, networks } = clone.names;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trim().split("\n")).toEqual([
    "✔ Docker answers",
    "✔ Pulumi runs",
    "✔ the state's lock is held by nobody who is gone",
    "✔ the state can be read",
    "✔ no operation is unfinished",
    "✔ the settings can be used",
    "✔ Docker's disk has room",
    "✔ the machine has the memory that both databases may use",
    "✔ the subnets are free",
    `✔ image ${POSTGRES_IMAGE}`,
    "✔ image localhost/trading-db/mongo:6.0",
    // PgAdmin's data stay while it does not run.
    `✔ volume ${volumes.mongodbConfig}`,
    `✔ volume ${volumes.mongodbData}`,
    `✔ volume ${volumes.mongodbTmp}`,
    `✔ volume ${volumes.pgadminData}`,
    `✔ volume ${volumes.postgresConfig}`,
    `✔ volume ${volumes.postgresData}`,
    `✔ network ${networks.database}`,
    `✔ network ${networks.service}`,
    `✔ container ${containers.postgres}`,
    `✔ container ${containers.mongodb}`,
    "✔ no backup is damaged",
    "✔ PostgreSQL has connections left",
    "✔ PostgreSQL's collations are those that its indexes were made with",
    "✔ no replication slot holds back PostgreSQL's log",
    "✔ no session sleeps on its locks",
    "✔ PostgreSQL lets trading_migrator in",
    "✔ PostgreSQL lets trading_readonly in",
    "✔ PostgreSQL lets trading_replicator in",
    "✔ PostgreSQL lets trading_user in",
    "✔ PostgreSQL has all migrations",
    "✔ PostgreSQL's schema is what its migrations made",
    "✔ MongoDB lets admin in",
    "✔ MongoDB is the primary of rs0",
    "✔ MongoDB's feature compatibility version is its own",
    "✔ MongoDB has all migrations",
    "✔ MongoDB's schema is what its migrations made",
    "✔ both databases are of the same restore",
    "✔ what a restore put aside is gone where a newer backup is proven",
    "✔ no restore that was killed takes room",
    "✔ the stack came up whole",
    `✔ stack ${clone.stackName} is well: 41 checks hold`,
  ]);
});

test("a daemon that does not answer is told, and what needs none is looked at all the same", async () => {
  const provoke = "export DOCKER_HOST=unix:///nowhere/docker.sock";
  const faults = await faultsOf(clone, provoke);
  expect(faults).toEqual([
    {
      name: "Docker answers",
      problem: "Docker does not answer at DOCKER_HOST=unix:///nowhere/docker.sock.",
      cure: "unset DOCKER_HOST",
    },
  ]);
  expect(await faultsOf(clone, `${provoke}; ${faults[0]!.cure}`)).toEqual([]);
});

describe("a container", () => {
  test("that is paused goes on", async () => {
    const { mongodb } = clone.names.containers;
    await docker("pause", mongodb);
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${mongodb}`,
        problem: `The container ${mongodb} is paused.`,
        cure: `docker unpause ${mongodb}`,
      },
    ]);
    await heal(clone, faults);
  });

  test("F20: that was killed, as all are when the machine loses its power, is started, and nothing of its data is lost", async () => {
    const { postgres, mongodb } = clone.names.containers;
    await docker("kill", postgres, mongodb);
    const faults = await faultsOf(clone);
    expect(faults).toEqual(
      [postgres, mongodb].map((name) => ({
        name: `container ${name}`,
        problem: `The container ${name} is exited, with exit code 137.`,
        cure: patient.tradingDb("start"),
      })),
    );
    await heal(clone, faults);
    await patient.sameData();
  });

  test("that runs and fails its health check is started again", async () => {
    const { mongodb } = clone.names.containers;
    // Somebody tidies up /tmp, which has what the health check compares.
    await docker("exec", mongodb, "rm", "/tmp/trading-db.version");
    const health = () => docker("inspect", "--format", "{{.State.Health.Status}}", mongodb);
    for (const deadline = Date.now() + MINUTE; Date.now() < deadline && (await health()) !== "unhealthy";) {
      await sleep(1000);
    }
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${mongodb}`,
        problem: `The container ${mongodb} runs, but fails its health check.`,
        cure: patient.tradingDb("restart"),
      },
    ]);
    await heal(clone, faults);
  });

  test("that was taken off a network is put on it again, under the name by which services know it", async () => {
    const { postgres } = clone.names.containers;
    const { service } = clone.names.networks;
    await docker("network", "disconnect", service, postgres);
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${postgres}`,
        problem: `The container ${postgres} is not on the network ${service}.`,
        cure: `docker network connect --alias postgres ${service} ${postgres}`,
      },
    ]);
    await heal(clone, faults);
    const guest = ["run", "--rm", "--network", service, "--entrypoint", "pg_isready", POSTGRES_IMAGE];
    expect(await docker(...guest, "--host=postgres")).toBe("postgres:5432 - accepting connections");
  });

  test("F10: whose port was taken by a process while it stood gets another port", async () => {
    const { postgres } = clone.names.containers;
    const port = clone.names.ports.postgres;
    await docker("stop", postgres);
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    try {
      const faults = await faultsOf(clone);
      expect(faults).toEqual([
        {
          name: `container ${postgres}`,
          problem: `Port ${port} of 127.0.0.1 is taken by the process node (${process.pid}).`,
          cure: `pulumi config set postgresPort ${port + 10000} --stack ${clone.stackName} && ${patient.setUp}`,
        },
      ]);
      await heal(clone, faults);
    } finally {
      server.close();
    }
    await patient.sameData();
  });

  test("that is not where the settings want it, of which one was changed since, is brought there", async () => {
    const { postgres } = clone.names.containers;
    const port = clone.names.ports.postgres;
    expect(await clone.login("pulumi config rm postgresPort")).toMatchObject({ code: 0 });
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${postgres}`,
        problem: `The container ${postgres} is reached by port ${port + 10000}, and the settings say ${port}.`,
        cure: patient.setUp,
      },
    ]);
    await heal(clone, faults);
  });

  test("F10: whose name a foreign container took keeps its data, and the foreign one is only renamed", async () => {
    const { postgres } = clone.names.containers;
    await docker("rm", "--force", postgres);
    const idle = ["--network", "none", "--tmpfs", "/var/lib/postgresql/data", "--entrypoint", "sleep"];
    const foreign = await docker("run", "--detach", "--name", postgres, ...idle, POSTGRES_IMAGE, "600");
    try {
      const faults = await faultsOf(clone);
      expect(faults).toEqual([
        {
          name: `container ${postgres}`,
          problem: `The name ${postgres} is taken by a container that is not ours.`,
          cure: `docker rename ${postgres} ${postgres}-old && ${patient.setUp}`,
        },
      ]);
      await heal(clone, faults);
      expect(await docker("inspect", "--format", "{{.Name}}", foreign)).toBe(`/${postgres}-old`);
    } finally {
      await docker("rm", "--force", foreign);
    }
    await patient.sameData();
  });
});

test("F21: containers and networks that were removed by hand are made anew on the same data", async () => {
  const { containers, networks } = clone.names;
  await docker("rm", "--force", containers.postgres, containers.mongodb);
  await docker("network", "rm", networks.database, networks.service);
  const faults = await faultsOf(clone);
  const gone = (kind: string, name: string) => ({
    name: `${kind} ${name}`,
    problem: `There is no ${kind} ${name}.`,
    cure: patient.setUp,
  });
  expect(faults).toEqual([
    gone("network", networks.database),
    gone("network", networks.service),
    gone("container", containers.postgres),
    gone("container", containers.mongodb),
  ]);
  await heal(clone, faults);
  await patient.sameData();
});

test("F22: an image that lost its name gets it back from the container that was made of it, with no registry at hand", async () => {
  const source = `${clone.stackName}/mirror`;
  const tags = { [`${source}/postgres:15`]: POSTGRES_IMAGE, [`${source}/mongo:7`]: "localhost/trading-db/mongo:6.0" };
  try {
    for (const [tag, image] of Object.entries(tags)) await docker("tag", image, tag);
    // Nothing answers under that name; the images are here, and that is enough.
    expect(await clone.login(`pulumi config set images ${source} && ${patient.setUp}`)).toMatchObject({ code: 0 });
    const { postgres } = clone.names.containers;
    const image = await docker("inspect", "--format", "{{.Image}}", postgres);
    await docker("rmi", `${source}/postgres:15`);
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `image ${source}/postgres:15`,
        problem: `The image ${source}/postgres:15 is not here: the container ${postgres} can't be made anew.`,
        cure: `docker tag ${image} ${source}/postgres:15`,
      },
    ]);
    await heal(clone, faults);
    expect(await clone.login(`pulumi config rm images && ${patient.setUp}`)).toMatchObject({ code: 0 });
    await patient.sameData();
  } finally {
    for (const tag of Object.keys(tags)) await docker("rmi", "--force", tag);
  }
});

describe("settings", () => {
  test("that can't be used are set right", async () => {
    expect(await clone.login("pulumi config set adminTool true && pulumi config set postgresMemory x")).toMatchObject({
      code: 0,
    });
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: "the settings can be used",
        problem:
          `The configuration of stack ${clone.stackName} can't be used: trading-db:postgresMemory is "x" but must be a whole number from 256 to 1048576. ` +
          "For example: pulumi config set postgresMemory 1024 trading-db:adminTool is not a setting of this project. Remove it: pulumi config rm adminTool",
        cure: `pulumi config set postgresMemory 1024 --stack ${clone.stackName} && pulumi config rm adminTool --stack ${clone.stackName}`,
      },
    ]);
    await heal(clone, faults);
  });

  test("that ask for more memory than there is, and for a subnet that is another's, ask for what there is", async () => {
    const neighbour = `${clone.stackName}-neighbour`;
    await docker("network", "create", "--subnet", "10.219.8.0/22", neighbour);
    try {
      const set = (key: string, value: string) => `pulumi config set ${key} ${value}`;
      await clone.login(`${set("postgresMemory", "1048576")} && ${set("databaseSubnet", "10.219.9.0/24")}`);
      const faults = await faultsOf(clone);
      const less = (key: string) => `${set(key, "512")} --stack ${clone.stackName}`;
      expect(faults).toEqual([
        {
          name: "the machine has the memory that both databases may use",
          problem: expect.stringMatching(
            /^The two databases may use 1049088 MiB of memory, but this machine has \d+ MiB\.$/,
          ),
          cure: `${less("postgresMemory")} && ${less("mongodbMemory")} && ${patient.setUp}`,
        },
        {
          name: "the subnets are free",
          problem: `trading-db:databaseSubnet is 10.219.9.0/24, which overlaps 10.219.8.0/22 of the network ${neighbour}.`,
          cure: `pulumi config rm databaseSubnet --stack ${clone.stackName} && ${patient.setUp}`,
        },
      ]);
      // Set-up refuses the subnet after the memory was mended.
      await heal(clone, faults, 2);
    } finally {
      await docker("network", "rm", neighbour);
    }
  });
});

// The last one: the data of one database are lost.
test("F21: a volume that was removed by hand is told with what is lost, and made anew, empty and migrated", async () => {
  const { containers, volumes } = clone.names;
  await docker("rm", "--force", containers.mongodb, `config-of-${containers.mongodb}`);
  await docker("volume", "rm", volumes.mongodbData);
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: `volume ${volumes.mongodbData}`,
      problem: `The volume ${volumes.mongodbData} is gone, with all that was in it.`,
      cure: patient.setUp,
    },
    {
      name: `container ${containers.mongodb}`,
      problem: `There is no container ${containers.mongodb}.`,
      cure: patient.setUp,
    },
  ]);
  await heal(clone, faults);
});
