import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeClone, type Clone } from "../support/clone.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { faultsOf } from "../support/doctor.ts";
import { execute } from "../support/project.ts";

// A Docker daemon of its own, whose disk is small.

const MINUTE = 60_000;
jest.setTimeout(2 * MINUTE);

let clone: Clone;
let daemon: Daemon;

beforeAll(async () => {
  clone = makeClone();
  expect(await clone.setUp(["--prepare"])).toMatchObject({ code: 0 });
  daemon = await startDaemon("5300m");
}, 2 * MINUTE);

afterAll(async () => {
  await daemon?.remove();
  clone.remove();
}, MINUTE);

test("a disk that is nearly full is told, and gets back what nobody uses", async () => {
  // An image without a name, of 300 MiB.
  const folder = mkdtempSync(join(tmpdir(), "zeros-"));
  const make = `cd ${folder} && truncate -s 300M zeros && tar c zeros | docker --host ${daemon.host} import -`;
  expect(await execute("bash", ["-c", make])).toMatchObject({ code: 0 });
  rmSync(folder, { recursive: true });
  const provoke = `export DOCKER_HOST=${daemon.host}`;
  const onDisk = async (first: string) =>
    (await faultsOf(clone, first)).filter(({ name }) => name === "Docker's disk has room");
  const faults = await onDisk(provoke);
  expect(faults).toEqual([
    {
      name: "Docker's disk has room",
      problem: expect.stringMatching(
        new RegExp(
          `^Docker's folder ${daemon.data} has \\d+ MiB free of 5300 MiB: a database that can't write stops\\.$`,
        ),
      ),
      cure: "docker image prune --force && docker builder prune --force",
    },
  ]);
  expect(await onDisk(`${provoke}; { ${faults[0]!.cure}; } 2>&1`)).toEqual([]);
});
