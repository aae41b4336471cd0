import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { mendState } from "../../../operations/stateFile.ts";

const before = process.env["PULUMI_BACKEND_URL"];
let root: string;
let file: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "state-"));
  process.env["PULUMI_BACKEND_URL"] = `file://${root}`;
  file = join(root, ".pulumi/stacks/trading-db/dev.json");
  for (const folder of ["stacks/trading-db", "backups/trading-db/dev", "locks/organization/trading-db/dev"]) {
    mkdirSync(join(root, ".pulumi", folder), { recursive: true });
  }
});
afterEach(() => {
  rmSync(root, { recursive: true });
  if (before === undefined) delete process.env["PULUMI_BACKEND_URL"];
  else process.env["PULUMI_BACKEND_URL"] = before;
});

const state = (...urns: string[]) =>
  JSON.stringify({ version: 3, checkpoint: { latest: { resources: urns.map((urn) => ({ urn })) } } });
const HALF = state("half").slice(0, 30);
/** A lock of a process that is gone, on this host, or of one on another. */
function lock(host = hostname(), pid = 2 ** 22 + 1): void {
  const holder = { pid, username: "somebody", hostname: host, timestamp: "2026-11-28T12:00:00Z" };
  writeFileSync(join(root, ".pulumi/locks/organization/trading-db/dev/a.json"), JSON.stringify(holder));
}
/** @returns what was said */
async function mend(): Promise<string[]> {
  const said: string[] = [];
  await mendState("dev", (step) => said.push(step));
  return said;
}

const TAKEN = ["taking Pulumi's copy of the state, which a run that was killed left half written"];

describe("a state of which a part was written", () => {
  test("is taken from the copy of before that write", async () => {
    writeFileSync(file, HALF);
    writeFileSync(`${file}.bak`, state("a"));
    expect(await mend()).toEqual(TAKEN);
    expect(readFileSync(file, "utf8")).toBe(state("a"));
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  test("is taken from the newest copy that is whole", async () => {
    writeFileSync(file, "");
    writeFileSync(`${file}.bak`, HALF);
    const [older, newer] = ["1", "2"].map((time) => join(root, `.pulumi/backups/trading-db/dev/dev.${time}.json`));
    writeFileSync(older!, state("older"));
    writeFileSync(newer!, state("newer"));
    utimesSync(older!, 1, 1);
    await mend();
    expect(readFileSync(file, "utf8")).toBe(state("newer"));
  });

  test("is left where there is no copy", async () => {
    writeFileSync(file, HALF);
    expect(await mend()).toEqual([]);
    expect(readFileSync(file, "utf8")).toBe(HALF);
  });
});

test("a state that was moved aside by a run that is gone is taken back", async () => {
  writeFileSync(`${file}.bak`, state("a"));
  lock();
  expect(await mend()).toEqual(TAKEN);
  expect(readFileSync(file, "utf8")).toBe(state("a"));
});

/** A process that Pulumi's name stands for, as one that waits for the disk before it ends. */
async function holder(): Promise<ChildProcess> {
  const program = join(root, "pulumi");
  copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["60"]);
  await once(child, "spawn");
  return child;
}

test("a run that was killed, and is not gone yet, is waited for", async () => {
  writeFileSync(file, "");
  writeFileSync(`${file}.bak`, state("a"));
  const child = await holder();
  lock(hostname(), child.pid);
  setTimeout(() => child.kill(), 300);
  expect(await mend()).toEqual(TAKEN);
});

test("a run that lives has its state left alone once it has written it", async () => {
  writeFileSync(file, HALF);
  writeFileSync(`${file}.bak`, state("a"));
  const child = await holder();
  lock(hostname(), child.pid);
  setTimeout(() => writeFileSync(file, state("b")), 300);
  expect(await mend()).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(state("b"));
  child.kill();
});

test("a stack that was removed stays removed: nobody left a lock", async () => {
  writeFileSync(`${file}.bak`, state("a"));
  expect(await mend()).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test("a stack that was made anew, and is empty, is whole", async () => {
  writeFileSync(file, state());
  writeFileSync(`${file}.bak`, state("a"));
  expect(await mend()).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(state());
});

test("a state whose lock is held elsewhere is left alone", async () => {
  writeFileSync(file, HALF);
  writeFileSync(`${file}.bak`, state("a"));
  lock("another-host");
  expect(await mend()).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(HALF);
});

test("a state that is not kept in a folder is left alone", async () => {
  process.env["PULUMI_BACKEND_URL"] = "s3://states";
  expect(await mend()).toEqual([]);
});
