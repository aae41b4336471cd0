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
/** A container that keeps the small volume mounted: what is in memory would be gone when the server stops. */
let keeper: string;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  keeper = `${clone.stackName}-keeper`;
  const volume = clone.names.volumes.postgresData;
  await docker("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=400m", volume);
  const idle = ["--network", "none", "--user", "0:0", "--volume", `${volume}:/volume`, "--entrypoint", "sleep"];
  const shadow = ["--tmpfs", "/var/lib/postgresql/data"];
  await docker("run", "--detach", "--init", "--name", keeper, ...idle, ...shadow, IMAGES.postgres, "3600");
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

/** Starts a server that can't, and waits until Docker has given it more than one try. */
async function startInVain(container: string): Promise<void> {
  await docker("start", container);
  const restarts = async () => Number(await docker("inspect", "--format", "{{.RestartCount}}", container));
  for (const deadline = Date.now() + MINUTE; Date.now() < deadline && (await restarts()) < 3;) await sleep(200);
}

test("F09: a data volume that is full while the server writes its log is named, and nothing is lost once there is space again", async () => {
  const { postgres } = clone.names.containers;
  const volume = clone.names.volumes.postgresData;
  // It ends where the disk does.
  const fill = ["exec", keeper, "dd", "if=/dev/zero", "of=/volume/ballast", "bs=1M"];
  expect((await execute("docker", fill)).stderr).toContain("No space left on device");
  const psql = ["exec", postgres, "psql", "-U", "postgres", "-c"];
  const write = "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)) FROM generate_series(1, 64)";
  expect((await execute("docker", [...psql, write])).code).not.toBe(0);
  const restarts = async () => Number(await docker("inspect", "--format", "{{.RestartCount}}", postgres));
  for (const deadline = Date.now() + MINUTE; Date.now() < deadline && (await restarts()) < 1;) await sleep(200);

  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: `container ${postgres}`,
      problem: `The volume ${volume} is full, and ${postgres} can't start. Free space on its disk, then start it.`,
      cure: patient.tradingDb("start"),
    },
  ]);
  await docker("exec", keeper, "rm", "/volume/ballast");
  await heal(clone, faults);
  await patient.sameData();
});

describe.each(["postgres", "mongodb"] as const)("a data volume of %s", (service) => {
  const image = IMAGES[service];

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
  const aside = "mv /volume/current /volume/set-aside-$(date +%s)";
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
  expect(await docker("exec", keeper, "sh", "-c", "cat /volume/set-aside-*/PG_VERSION")).toBe("14");
});
