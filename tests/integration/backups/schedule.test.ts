import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { generateX25519Identity } from "age-encryption";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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
    backups: JSON.stringify({ schedule: "0 0 29 2 *", place }),
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

/** Waits until the newest backup is proven. @returns it */
async function newestProven(): Promise<{ state: string; manifest: object }> {
  for (const deadline = Date.now() + 2 * MINUTE; ; await sleep(2000)) {
    const [newest] = (await json("backups")).backups;
    if (newest?.state === "proven") return newest;
    if (Date.now() > deadline) throw new Error(await docker("logs", container));
  }
}

test("the first backup is taken and proven at once, and the container is healthy", async () => {
  await becomes("healthy");
  expect(await newestProven()).toMatchObject({
    state: "proven",
    manifest: { stack: clone.stackName, postgresql: { rows: { "public.trades": 127 } } },
  });
  const { healthy, backups } = await json("status");
  expect({ healthy, backups }).toEqual({ healthy: true, backups: { number: 1, lastProven: expect.any(String) } });
});

test("who reads MongoDB's log is tried by verify, as every other user is", async () => {
  const { checks } = await json("verify");
  expect(checks).toContainEqual({ name: "MongoDB answers trading_backup", problem: null, seconds: expect.any(Number) });
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

test("what a proof that was killed left in the scratch goes when the container starts again", async () => {
  const scratch = "/var/lib/postgresql/data";
  await docker("exec", container, "mkdir", "-p", `${scratch}/scratch-killed/data`);
  await docker("kill", container);
  await docker("start", container);
  await becomes("healthy");
  expect(await docker("exec", container, "ls", scratch)).toBe("");
});

test("a command of this host and the container share the place: what the one takes, the other may prove and remove", async () => {
  expect(await tradingDb("backup --prove")).toMatchObject({ code: 0 });
  const { backups } = await json("backups");
  expect(backups.map(({ state }: { state: string }) => state)).toEqual(["proven", "proven"]);
  const uid = process.getuid!() || 999;
  expect(await docker("exec", container, "sh", "-c", "stat -c %u /backups/*/proof.json")).toBe(`${uid}\n${uid}`);
});

const trades = async () => (await tradingDb('psql -Atc "SELECT count(*) FROM trades"')).stdout;
const loseTrades = () => tradingDb('psql -c "DELETE FROM trades"');
const typed = (answer: string, line: string) =>
  clone.login(`echo ${answer} | script --quiet --return --command "trading-db ${line}" /dev/null`);

describe("a backup that is encrypted", () => {
  let folder: string;
  let name: string;

  test("takes its key from a file, and is not restored without it", async () => {
    writeFileSync(join(clone.folder, "key.txt"), `${await generateX25519Identity()}\n`);
    folder = (await json("backup --key key.txt")).backup;
    name = basename(folder);
    const files = readdirSync(folder).filter((file) => file !== "manifest.json");
    expect(files).toHaveLength(4);
    for (const file of files) expect(file).toMatch(/\.zst\.age$/);
    expect(await tradingDb(`--json restore ${name} --yes`)).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        new RegExp(
          `^\\{\n  "error": "The backup ${name} is encrypted, and there is no key\\. Name the file that holds it with --key\\. .+: name that one\\."\n\\}\n$`,
        ),
      ),
      stderr: "",
    });
  });

  test("is no stack's clone without it either, and none is begun", async () => {
    writeFileSync(join(clone.folder, "other.txt"), `${await generateX25519Identity()}\n`);
    expect(await tradingDb(`clone ${clone.stackName}-branch ${name} --key other.txt`)).toEqual({
      code: 1,
      stdout: "",
      stderr: `✖ The key does not open the backup ${name}. Name the file that holds the right one with --key.\n`,
    });
    expect(readdirSync(clone.folder)).not.toContain(`Pulumi.${clone.stackName}-branch.yaml`);
  });

  test("is not restored where another name is typed", async () => {
    await loseTrades();
    const { code, stdout } = await typed("dev", `restore ${name} --key key.txt`);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `This puts both databases of stack ${clone.stackName} back; what is there now is put aside.\r\nType the stack's name to go on: `,
    );
    expect(stdout).toContain(`✖ "dev" is not the name of this stack (${clone.stackName}). Nothing was changed.\r\n`);
    expect(await trades()).toBe("0\n");
  });

  test("is restored where the stack's name is typed", async () => {
    const { code, stdout } = await typed(clone.stackName, `restore ${name} --key key.txt`);
    expect(stdout).toContain(`✔ both databases are as they were in ${name};`);
    expect(code).toBe(0);
    expect(await trades()).toBe("127\n");
  });

  test("and is damaged is named by a look at every byte, with exit code 1", async () => {
    expect(await tradingDb("backups --check")).toMatchObject({ code: 0, stderr: "" });
    const file = join(folder, "mongodb.archive.zst.age");
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    expect(await tradingDb("backups")).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await tradingDb("backups --check");
    expect(stdout).toMatch(new RegExp(`│ ${name} +│ damaged +│`));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `✖ The backup ${folder} is damaged: mongodb.archive.zst.age is not what was written (its SHA-256 is another).\n`,
    });
  });
});

test("both databases are rolled forward to a time before rows were deleted, and to the newest that is archived", async () => {
  // The container takes a backup of the new timeline at once.
  await newestProven();
  const to = new Date().toISOString();
  await sleep(1100);
  await loseTrades();
  // Until both logs are archived so far, it is refused.
  let restored = await tradingDb(`restore --to ${to} --yes --json`);
  for (const deadline = Date.now() + 2 * MINUTE; restored.code !== 0 && Date.now() < deadline; await sleep(2000)) {
    restored = await tradingDb(`restore --to ${to} --yes --json`);
  }
  expect(JSON.parse(restored.stdout)).toEqual({ restored: expect.stringMatching(/^20/), to });
  expect(await trades()).toBe("127\n");
  expect(await json("restore --to latest --yes")).toEqual({ restored: expect.stringMatching(/^20/), to: "latest" });
});

test("a clone is a second stack with the data of a backup", async () => {
  const branch = `${clone.stackName}-branch`;
  expect(await json(`clone ${branch}`)).toEqual({ stack: branch, backup: expect.stringMatching(/^20/) });
  const { stdout } = await tradingDb(`--stack ${branch} psql -Atc "SELECT count(*) FROM trades"`);
  expect(stdout).toBe("127\n");
  expect(await tradingDb(`clone ${branch} --stack ${clone.stackName}`)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      new RegExp(
        `^✖ There is a stack ${branch} already\\. Choose another name, or delete that one: npx trading-db reset ${branch} --stack ${branch}\n$`,
      ),
    ),
  });
  expect(await json(`reset ${branch} --stack ${branch}`)).toMatchObject({ deleted: branch });
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
