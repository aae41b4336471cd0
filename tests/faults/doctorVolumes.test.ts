import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
import { docker, execute } from "../support/project.ts";

// Each test provokes a fault of a data volume, runs what doctor prints below it, and sees it well again.

const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

const IMAGES = { postgres: "localhost/trading-db/postgres:15", mongodb: "localhost/trading-db/mongo:6.0" };

let clone: Clone;
let patient: Patient;
/** A container that keeps the small volumes mounted: what is in memory would be gone when a server stops. */
let keeper: string;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  keeper = `${clone.stackName}-keeper`;
  const idle = ["--network", "none", "--user", "0:0", "--tmpfs", "/var/lib/postgresql/data", "--entrypoint", "sleep"];
  for (const service of ["postgres", "mongodb"] as const) {
    const volume = clone.names.volumes[`${service}Data`];
    await docker("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=600m", volume);
    idle.push("--volume", `${volume}:/volumes/${service}`);
  }
  await docker("run", "--detach", "--init", "--name", keeper, ...idle, IMAGES.postgres, "3600");
  patient = await setUpPatient(clone);
}, 8 * MINUTE);

afterAll(async () => {
  await docker("rm", "--force", keeper);
  clone.remove();
});

/** Runs a shell line as root where a volume of a stopped server is mounted at /volume. */
const onVolume = (volume: string, line: string) => {
  const place = [
    "--network",
    "none",
    "--user",
    "0:0",
    "--volume",
    `${volume}:/volume`,
    "--tmpfs",
    "/var/lib/postgresql/data",
  ];
  return docker("run", "--rm", ...place, "--entrypoint", "/bin/sh", IMAGES.postgres, "-ec", line);
};

/** Waits until Docker has started a server that can't so often again. */
async function startedAgain(container: string, times: number): Promise<void> {
  const restarts = async () => Number(await docker("inspect", "--format", "{{.RestartCount}}", container));
  for (const deadline = Date.now() + MINUTE; Date.now() < deadline && (await restarts()) < times;) await sleep(200);
}

/** Starts a server that can't, and waits until Docker has given it more than one try. */
async function startInVain(container: string): Promise<void> {
  await docker("start", container);
  await startedAgain(container, 3);
}

/** Writes more than a server has room for in what it has of its log. */
const writeMuch = {
  postgres: () => {
    const write = "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)) FROM generate_series(1, 64)";
    return execute("docker", ["exec", clone.names.containers.postgres, "psql", "-U", "postgres", "-c", write]);
  },
  mongodb: () => {
    // Bytes that can't be compressed, and beside the data that are compared.
    const write =
      'for (let n = 0; n < 64; n++) db.getSiblingDB("ballast").things.insertOne({ bytes: new Binary(require("crypto").randomBytes(8000000)) })';
    return clone.login(patient.tradingDb(`mongosh --eval '${write}'`));
  },
};

describe.each(["postgres", "mongodb"] as const)("a data volume of %s", (service) => {
  const image = IMAGES[service];

  test("F09: that is full while its server writes is named, and nothing is lost once there is space again", async () => {
    const container = clone.names.containers[service];
    const volume = clone.names.volumes[`${service}Data`];
    const ballast = `/volumes/${service}/ballast`;
    // It ends where the disk does.
    const fill = ["exec", keeper, "dd", "if=/dev/zero", `of=${ballast}`, "bs=1M"];
    expect((await execute("docker", fill)).stderr).toContain("No space left on device");
    expect((await writeMuch[service]()).code).not.toBe(0);
    await startedAgain(container, 1);

    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${container}`,
        problem: `The volume ${volume} is full, and ${container} can't start. Free space on its disk, then start it.`,
        cure: patient.tradingDb("start"),
      },
    ]);
    await docker("exec", keeper, "rm", ballast);
    await heal(clone, faults);
    await patient.sameData();
  });

  test("that its server may not write any more is given back", async () => {
    const container = clone.names.containers[service];
    const volume = clone.names.volumes[`${service}Data`];
    await docker("stop", container);
    await onVolume(volume, "chown -R 0:0 /volume && chmod 0700 /volume");
    await startInVain(container);
    const faults = await faultsOf(clone);
    expect(faults).toEqual([
      {
        name: `container ${container}`,
        problem: `The volume ${volume} can't be written by user 999. Nothing was changed.`,
        cure: `docker run --rm -u 0 -v ${volume}:/volume --entrypoint chown ${image} -R 999:999 /volume && ${patient.tradingDb("start")}`,
      },
    ]);
    await heal(clone, faults);
    await patient.sameData();
  });
});

// The last one: the server begins with empty data.
test("F12: a data volume of another major version is told, and its data are set aside where that is wished", async () => {
  const { postgres } = clone.names.containers;
  const volume = clone.names.volumes.postgresData;
  await docker("stop", postgres);
  await onVolume(volume, "echo 14 >/volume/current/PG_VERSION");
  await startInVain(postgres);
  const faults = await faultsOf(clone);
  const aside = "rm -rf /volume/restored; mv /volume/current /volume/set-aside-$(date +%s)";
  expect(faults).toEqual([
    {
      name: `container ${postgres}`,
      problem:
        `The volume ${volume} holds data of PostgreSQL 14, but the image ${IMAGES.postgres} is PostgreSQL 15. Nothing was changed. ` +
        "Run an image of PostgreSQL 14, dump the databases with pg_dump, and restore them into a stack of PostgreSQL 15. " +
        "Or set these data aside in the volume, and begin anew.",
      cure: `docker run --rm -u 0 -v ${volume}:/volume --entrypoint sh ${IMAGES.postgres} -c '${aside}' && ${patient.tradingDb("start")} && ${patient.setUp}`,
    },
  ]);
  await heal(clone, faults);
  expect(await docker("exec", keeper, "sh", "-c", "cat /volumes/postgres/set-aside-*/PG_VERSION")).toBe("14");
});
