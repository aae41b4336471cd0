import { describe, expect, test } from "@jest/globals";
import { follow, run } from "../../../operations/process.ts";

describe("a program that is run", () => {
  test("gives what it wrote and its exit code", async () => {
    expect(await run("sh", ["-c", "echo out; echo err >&2; exit 3"])).toEqual({
      code: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test("that does not exist gives 127, as a shell would", async () => {
    expect((await run("no-such-program", [])).code).toBe(127);
  });

  test("is killed when its time is over", async () => {
    const started = performance.now();
    expect((await run("sleep", ["30"], 100)).code).toBe(1);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("a program that is followed", () => {
  test("is heard line by line, while it runs", async () => {
    const lines: string[] = [];
    const { code, stdout, stderr } = await follow(
      "sh",
      ["-c", "echo 1 >&2; echo 2 >&2; echo result"],
      (line) => void lines.push(line),
    );
    expect(lines).toEqual(["1", "2"]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "result\n", stderr: "1\n2" });
  });

  test("leaves its last 30 lines", async () => {
    const { stderr } = await follow("sh", ["-c", "seq 1 100 >&2"], () => {});
    expect(stderr.split("\n")).toEqual(Array.from({ length: 30 }, (_, index) => String(index + 71)));
  });

  test("that does not exist gives 127 and the reason", async () => {
    expect(await follow("no-such-program", [], () => {})).toEqual({
      code: 127,
      stdout: "",
      stderr: "spawn no-such-program ENOENT",
    });
  });

  test("ends in its own way when it is told to stop", async () => {
    const stop = new AbortController();
    const started = performance.now();
    const script = 'trap "echo in order >&2; exit 3" TERM; echo here >&2; while :; do sleep 0.1; done';
    const ended = await follow("sh", ["-c", script], () => stop.abort(), stop.signal);
    expect(ended).toEqual({ code: 3, stdout: "", stderr: "here\nin order" });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
