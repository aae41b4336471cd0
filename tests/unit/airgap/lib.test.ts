import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killGroup } from "../../support/killGroup.ts";

let cache: string;
let started: ChildProcess[];

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "cache-"));
  started = [];
});

afterEach(() => {
  for (const child of started) killGroup(child);
  rmSync(cache, { recursive: true });
});

/** Starts a script that begins with airgap/lib.sh, in a process group of its own. */
function begin(script: string) {
  const child = spawn("bash", ["-c", `source airgap/lib.sh\n${script}`], {
    env: { ...process.env, TRADING_DB_CACHE: cache },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(child);
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (written.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (written.stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, ...written }));
  });
  return { child, ended };
}

const run = (script: string) => begin(script).ended;
const read = (file: string) => readFileSync(join(cache, file), "utf8");

/** Waits until a script has written a line into this file of the cache. */
async function line(file: string): Promise<string> {
  while (!existsSync(join(cache, file)) || !read(file).endsWith("\n")) await sleep(20);
  return read(file).trim();
}

/** Waits until a process has ended, whether or not anybody has asked how. */
async function end(pid: string): Promise<void> {
  const status = `/proc/${pid}/status`;
  while (existsSync(status) && !/^State:\tZ/m.test(readFileSync(status, "utf8"))) await sleep(20);
}

describe("what is cached", () => {
  const fill = 'fill() { echo built >>"$CACHE/builds"; sleep 0.3; echo whole >"$1/file"; }\n';
  const silence = { code: 0, stdout: "", stderr: "" };

  test("is built once, and stands under its name and key", async () => {
    expect(await run(`${fill}cached thing key fill; cached thing key fill`)).toEqual(silence);
    expect(read("builds")).toBe("built\n");
    expect(read("thing/key/file")).toBe("whole\n");
    expect(readdirSync(join(cache, "thing"))).toEqual(["key"]);
  });

  test("is built once by two at the same time, of which the second waits for the first", async () => {
    const use = `${fill}cached thing key fill; cat "$CACHE/thing/key/file"`;
    const both = await Promise.all([run(use), run(use)]);
    expect(both).toEqual([1, 2].map(() => ({ ...silence, stdout: "whole\n" })));
    expect(read("builds")).toBe("built\n");
  });

  test("is not there after a build that was killed, and is built whole by the next", async () => {
    const { child, ended } = begin(
      'half() { echo half >"$1/half"; echo begun >"$CACHE/begun"; sleep 30; }\ncached thing key half',
    );
    await line("begun");
    killGroup(child);
    expect((await ended).code).toBeNull();
    expect(existsSync(join(cache, "thing", "key"))).toBe(false);

    expect(await run(`${fill}cached thing key fill`)).toEqual(silence);
    expect(readdirSync(join(cache, "thing", "key"))).toEqual(["file"]);
  });
});

describe("a step", () => {
  /** The paragraph with which the step "build thing:1" fails. */
  const failure = (...last: string[]) =>
    `  build thing:1 ...\n\nCould not build thing:1. The command's last lines:\n${last.map((text) => `    ${text}\n`).join("")}` +
    `The whole log is ${cache}/log/build-thing-1.log. When the cause is mended, run the same command again: finished steps are kept.\n`;

  test("tells its title when it begins, and its time when it has ended, and keeps the rest in a log", async () => {
    const { code, stdout, stderr } = await run("step 'build thing:1' echo noise");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(/^ {2}build thing:1 \.\.\.\n {2}build thing:1 {36} {3}\d\.\d s\n$/);
    expect(read("log/build-thing-1.log")).toBe("noise\n");
  });

  test("that fails ends the script with what it said and where its log is, without an empty line", async () => {
    const script = "noisy() { echo one; echo; echo two >&2; false; echo three; }\nstep 'build thing:1' noisy; echo on";
    expect(await run(script)).toEqual({ code: 1, stdout: "", stderr: failure("one", "two") });
  });

  test("that fails after many lines tells the last 15", async () => {
    const last = Array.from({ length: 15 }, (_, index) => String(index + 86));
    const script = "noisy() { seq 100; false; }\nstep 'build thing:1' noisy";
    expect(await run(script)).toEqual({ code: 1, stdout: "", stderr: failure(...last) });
  });

  test("that fails without a word tells that, still in one paragraph", async () => {
    expect(await run("step 'build thing:1' false")).toEqual({ code: 1, stdout: "", stderr: failure("(none)") });
  });
});

describe("what is interruptible", () => {
  const work = (end: string) => `work() { sleep 30 & echo $! >"$CACHE/child"; ${end}; }\ninterruptible work; echo on`;

  test("ends with all that it has started when the script alone is terminated", async () => {
    const { child, ended } = begin(work("sleep 30"));
    const started = await line("child");
    child.kill("SIGTERM");
    expect(await ended).toEqual({ code: 143, stdout: "", stderr: "" });
    await end(started);
  });

  test("ends with all that it has started when it fails, with its exit code", async () => {
    expect(await run(work("exit 3"))).toEqual({ code: 3, stdout: "", stderr: "" });
    await end(await line("child"));
  });
});
