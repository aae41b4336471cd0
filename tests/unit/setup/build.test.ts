import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../operations/errors.ts";
import { build } from "../../../setup/build.ts";

let folder: string;
let said: string[];
const say = (step: string) => void said.push(step);
const terminal = process.stdout.isTTY;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "build-"));
  said = [];
  process.stdout.isTTY = false;
});

afterEach(() => {
  process.stdout.isTTY = terminal;
  rmSync(folder, { recursive: true });
});

/** A build script that does this. */
function script(lines: string): string {
  const file = join(folder, "build.sh");
  writeFileSync(file, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return file;
}

describe("a build script", () => {
  test("is heard of each step that it begins and finishes, and of nothing else", async () => {
    const steps = script(`exec >&2
echo '  build postgres:15 ...'
echo 'warning: noise ...'
echo '  build mongo:6.0 ...'
echo '  build postgres:15                                  41.3 s'
echo '    deeper ...'
echo '  build mongo:6.0                                   102.0 s'`);

    await build(steps, [], true, say);

    expect(said).toEqual([
      "build postgres:15 ...",
      "build mongo:6.0 ...",
      "build postgres:15 (41.3 s)",
      "build mongo:6.0 (102.0 s)",
    ]);
  });

  test("gives what it wrote to standard output", async () => {
    expect(await build(script("echo first; echo noise >&2; echo last"), [], true, say)).toBe("first\nlast\n");
  });

  test.each([
    [true, "postgres mongo\n"],
    [false, "--check postgres mongo\n"],
  ])("is given the names, and --check unless it may build: %s", async (mayBuild, words) => {
    expect(await build(script('echo "$*"'), ["postgres", "mongo"], mayBuild, say)).toBe(words);
  });

  test("that fails gives the paragraph after its last empty line", async () => {
    const failing = script(`exec >&2
echo '  build pulumi ...'
echo
echo 'An earlier paragraph.'
echo
echo 'Could not build pulumi. The last lines:'
echo '    out of memory'
echo 'The whole log is /var/log/build.'
exit 1`);

    await expect(build(failing, [], true, say)).rejects.toThrow(
      new UserError("Could not build pulumi. The last lines:\n    out of memory\nThe whole log is /var/log/build."),
    );
    await expect(build(failing, [], true, say)).rejects.toBeInstanceOf(UserError);
  });

  test("that does not exist is named", async () => {
    await expect(build("no/such-script", [], true, say)).rejects.toThrow(new UserError("spawn no/such-script ENOENT"));
  });
});

describe("at each pulse", () => {
  /** Runs two steps, one of which ends early, and answers with what was said between then and the end. */
  async function saidMeanwhile(): Promise<string[]> {
    const slow = script(`exec >&2
echo '  build postgres:15 ...'
echo '  build mongo:6.0 ...'
echo '  build mongosh ...'
echo '  build mongosh                                       0.1 s'
sleep 0.5
echo '  build postgres:15                                   0.5 s'
echo '  build mongo:6.0                                     0.5 s'`);
    await build(slow, [], true, say, 200);
    return said.slice(said.indexOf("build mongosh (0.1 s)") + 1, said.indexOf("build postgres:15 (0.5 s)"));
  }

  test("what still runs is named where no terminal shows that it lives", async () => {
    const meanwhile = await saidMeanwhile();
    expect(meanwhile.length).toBeGreaterThan(0);
    expect(new Set(meanwhile)).toEqual(new Set(["build postgres:15, build mongo:6.0: still at it"]));
  });

  test("nothing is said in a terminal", async () => {
    process.stdout.isTTY = true;
    expect(await saidMeanwhile()).toEqual([]);
  });

  test("nothing is said once the script has failed, whatever it had begun", async () => {
    await expect(build(script("echo '  build pulumi ...' >&2; exit 1"), [], true, say, 50)).rejects.toThrow(UserError);
    said = [];
    await sleep(200);
    expect(said).toEqual([]);
  });
});
