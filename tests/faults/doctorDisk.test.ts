import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { asRoot } from "../../operations/process.ts";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf } from "../support/doctor.ts";
import { execute } from "../support/project.ts";

// A Docker daemon of its own, whose disk is small.

const MINUTE = 60_000;
jest.setTimeout(2 * MINUTE);

let clone: Clone;
let folder: string;
let daemon: ChildProcess;

const root = async (...command: string[]) => {
  const ended = await execute(...asRoot(command));
  expect(ended).toMatchObject({ code: 0 });
};
const host = () => `unix://${join(folder, "docker.sock")}`;
const docker = (...args: string[]) => execute("docker", ["--host", host(), ...args]);

beforeAll(async () => {
  clone = makeClone();
  expect(await clone.setUp(["--prepare"])).toMatchObject({ code: 0 });
  folder = mkdtempSync(join(tmpdir(), "dockerd-"));
  mkdirSync(join(folder, "data"));
  await root("mount", "-t", "tmpfs", "-o", "size=5300m", "tmpfs", join(folder, "data"));
  const places = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")];
  // In a network namespace of its own: with --bridge none a daemon removes the bridge docker0, whosever it is.
  const [program, args] = asRoot([
    "unshare",
    "--net",
    "dockerd",
    "--host",
    host(),
    "--pidfile",
    join(folder, "pid"),
    ...places,
  ]);
  daemon = spawn(program, [...args, "--bridge", "none", "--iptables=false"], {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
  });
  for (const deadline = Date.now() + MINUTE; Date.now() < deadline; await sleep(200)) {
    if ((await docker("version")).code === 0) return;
  }
  throw new Error("The daemon of this test did not answer within a minute.");
}, 2 * MINUTE);

afterAll(async () => {
  daemon.kill();
  await once(daemon, "exit");
  await root("umount", join(folder, "data"));
  rmSync(folder, { recursive: true });
  clone.remove();
}, MINUTE);

test("a disk that is nearly full is told, and gets back what nobody uses", async () => {
  // An image without a name, of 300 MiB.
  const make = `cd ${folder} && truncate -s 300M zeros && tar c zeros | docker --host ${host()} import - && rm zeros`;
  expect(await execute("bash", ["-c", make])).toMatchObject({ code: 0 });
  const provoke = `export DOCKER_HOST=${host()}`;
  const onDisk = async (first: string) =>
    (await faultsOf(clone, first)).filter(({ name }) => name === "Docker's disk has room");
  const faults = await onDisk(provoke);
  expect(faults).toEqual([
    {
      name: "Docker's disk has room",
      problem: expect.stringMatching(
        new RegExp(
          `^Docker's folder ${folder}/data has \\d+ MiB free of 5300 MiB: a database that can't write stops\\.$`,
        ),
      ),
      cure: "docker image prune --force && docker builder prune --force",
    },
  ]);
  expect(await onDisk(`${provoke}; { ${faults[0]!.cure}; } 2>&1`)).toEqual([]);
});
