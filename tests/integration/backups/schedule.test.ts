import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nameResources } from "../../../naming.ts";
import { makeClone, type Clone } from "../../support/clone.ts";
import { docker, removeFromDaemon } from "../../support/project.ts";

// A stack that takes backups by a schedule, as users have it: by its settings and `trading-db`.
const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

const place = mkdtempSync(join(tmpdir(), "place-"));
let clone: Clone;
let container: string;
const tradingDb = (line: string) => clone.login(`trading-db ${line}`);
const json = async (line: string) => JSON.parse((await tradingDb(`--json ${line}`)).stdout);

beforeAll(async () => {
  clone = makeClone({
    backups: JSON.stringify({ schedule: "0 3 * * *", place }).replaceAll('"', '\\"'),
    sampleData: "true",
  });
  expect(await clone.setUp()).toMatchObject({ code: 0 });
  container = clone.names.containers.backup;
}, 4 * MINUTE);
afterAll(() => {
  removeFromDaemon(nameResources(`${clone.stackName}-branch`));
  clone.remove();
  rmSync(place, { recursive: true, force: true });
});

/** Waits until Docker's health check says so. */
async function becomes(health: string): Promise<void> {
  const asked = () => docker("inspect", "--format", "{{.State.Health.Status}}", container);
  for (const deadline = Date.now() + 2 * MINUTE; (await asked()) !== health; await sleep(1000)) {
    if (Date.now() > deadline) throw new Error(`${container} is ${await asked()}:\n${await docker("logs", container)}`);
  }
}

test("the first backup is taken and proven at once, and the container is healthy", async () => {
  await becomes("healthy");
  let found: { state: string; manifest: object }[] = [];
  for (const deadline = Date.now() + 2 * MINUTE; found[0]?.state !== "proven"; await sleep(2000)) {
    if (Date.now() > deadline) throw new Error(await docker("logs", container));
    found = (await json("backups")).backups;
  }
  expect(found[0]).toMatchObject({
    state: "proven",
    manifest: { stack: clone.stackName, postgresql: { rows: { "public.trades": 127 } } },
  });
  const { healthy, backups } = await json("status");
  expect({ healthy, backups }).toEqual({ healthy: true, backups: { number: 1, lastProven: expect.any(String) } });
});

test("it has nothing of Docker, of the servers' volumes, or of a network with a way out", async () => {
  const [facts] = JSON.parse(await docker("inspect", container));
  expect(facts.Mounts.map(({ Destination }: { Destination: string }) => Destination).sort()).toEqual([
    "/backups",
    "/config",
    // The scratch, where the image declares a volume.
    "/var/lib/postgresql/data",
  ]);
  expect(Object.keys(facts.NetworkSettings.Networks)).toEqual([clone.names.networks.database]);
  const { postgres, backups } = await clone.outputs();
  for (const secret of [postgres.passwords.trading_replicator, backups!.mongodbPassword]) {
    expect(JSON.stringify(facts)).not.toContain(secret);
  }
});

test("a stream that fails turns the health check red, its end turns it green again, and the log says why", async () => {
  await docker("stop", clone.names.containers.postgres);
  await becomes("unhealthy");
  await docker("start", clone.names.containers.postgres);
  await becomes("healthy");
  const log = (await tradingDb("--json logs backup")).stdout.trim().split("\n");
  const said = log.map((line) => JSON.parse(line).text as string);
  expect(said.some((line) => /PostgreSQL's log: p(sql|g_receivewal) failed: /.test(line))).toBe(true);
  expect(said.some((line) => /PostgreSQL's log: works again$/.test(line))).toBe(true);
});

test("a command of this host and the container share the place: what the one takes, the other may prove and remove", async () => {
  expect(await tradingDb("backup --prove")).toMatchObject({ code: 0 });
  const { backups } = await json("backups");
  expect(backups.map(({ state }: { state: string }) => state)).toEqual(["proven", "proven"]);
  const uid = process.getuid!() || 999;
  expect(await docker("exec", container, "sh", "-c", "stat -c %u /backups/*/proof.json")).toBe(`${uid}\n${uid}`);
});

test("a clone is a second stack with the data of a backup", async () => {
  const branch = `${clone.stackName}-branch`;
  expect(await tradingDb(`clone ${branch}`)).toMatchObject({ code: 0, stderr: "" });
  const { stdout } = await tradingDb(`--stack ${branch} psql -Atc "SELECT count(*) FROM trades"`);
  expect(stdout).toBe("127\n");
  expect(await tradingDb(`clone ${branch} --stack ${clone.stackName}`)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      new RegExp(
        `^✖ There is a stack ${branch} already\\. Choose another name, or put the backup into it: npx trading-db restore \\S+ --stack ${branch} --adopt\n$`,
      ),
    ),
  });
  expect(await tradingDb(`reset ${branch} --stack ${branch}`)).toMatchObject({ code: 0 });
  // Neither a look at another stack nor its making and deleting is a wish to go there.
  expect((await clone.login("pulumi stack --show-name")).stdout).toBe(`${clone.stackName}\n`);
});

test("a reset says what goes and what stays, and leaves the backups", async () => {
  const { stdout, code } = await tradingDb(`reset ${clone.stackName} --stack ${clone.stackName}`);
  expect(code).toBe(0);
  expect(stdout).toContain(`  volumes     `);
  expect(stdout).toMatch(
    new RegExp(`The last good backup is \\S+ \\(proven\\), and stays in ${join(place, clone.stackName)}\\.`),
  );
  expect(await clone.remains()).toEqual([]);
});
