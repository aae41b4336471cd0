import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { makeClone, type Clone, type Run } from "../support/clone.ts";
import { execute } from "../support/project.ts";

/* One clone for all: what a stopped run leaves is what the next one finds, and each test ends with a run that heals it. */

jest.setTimeout(240_000);

let clone: Clone;

beforeAll(() => {
  clone = makeClone();
});

afterAll(() => clone.remove());

/** A run that ends well, with everything there and nothing left of those before it. */
async function expectWhole(): Promise<void> {
  const healed = await clone.setUp();
  expect(healed).toMatchObject({ code: 0, stderr: "" });
  expect(healed.stdout).toContain("15 checks hold");
  const { stdout } = await clone.login(`pulumi stack export --stack ${clone.stackName}`);
  const { deployment } = JSON.parse(stdout) as { deployment: { pending_operations?: unknown[] } };
  expect(deployment.pending_operations ?? []).toEqual([]);
  const locks = await execute("find", [`${clone.folder}/.trading-db/state/.pulumi/locks`, "-type", "f"]);
  expect(locks.stdout).toBe("");
}

/** Sends a signal to the script and all that it started, as a terminal does. */
function signalGroup(run: Run, signal: NodeJS.Signals): void {
  process.kill(-run.process.pid!, signal);
}

describe("a run that is stopped and then repeated", () => {
  afterEach(async () => {
    await clone.login(`pulumi destroy --yes --skip-preview --stack ${clone.stackName}`);
    expect(await clone.remains()).toEqual([]);
  });

  test.each([
    ["Ctrl-C", "SIGINT", "before anything was made", "Images"],
    ["Ctrl-C", "SIGINT", "while networks and containers are made", "created volume"],
    ["SIGTERM", "SIGTERM", "while the servers start", "created container trading-postgres-it"],
    ["Ctrl-C", "SIGINT", "while databases are migrated", "PostgreSQL answers"],
    ["Ctrl-C", "SIGINT", "while databases are seeded", "PostgreSQL is migrated"],
    ["SIGTERM", "SIGTERM", "while what was made is verified", "❯ Verify"],
  ] as [string, NodeJS.Signals, string, string][])(
    "by %s (%s), %s, loses nothing and ends whole",
    async (_name, signal, _moment, text) => {
      const run = clone.begin();
      await run.shows(text);
      signalGroup(run, signal);
      const { code, stderr } = await run.ended;
      expect({ code, stderr }).toEqual({
        code: 130,
        stderr: `\n✖ Stopped, as asked. Nothing is lost; to go on: ./setup-databases.sh --stack ${clone.stackName}\n`,
      });
      await expectWhole();
    },
  );

  test("by SIGKILL of everything, while containers are made, ends whole", async () => {
    const run = clone.begin();
    await run.shows("created network");
    signalGroup(run, "SIGKILL");
    await run.ended;
    await expectWhole();
  });
});
