import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readManifest, writeManifest, type Manifest } from "../../../operations/backups/manifest.ts";
import { backUp, prove, restore } from "../../../operations/backups/ofStack.ts";
import { makeBackedUp, type BackedUp } from "../../support/backedUp.ts";
import { docker } from "../../support/project.ts";

const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

let system: BackedUp;
let backup: string;

beforeAll(async () => {
  system = await makeBackedUp();
  // A document from before its validator: each restore compares their number.
  const former = { insert: "algorithm_versions", documents: [{ _id: "former" }], bypassDocumentValidation: true };
  expect(await system.command(former)).toMatchObject({ n: 1 });
  // A dump holds the last write before it once more, in its oplog; and that may not be one which a validator refuses.
  await system.command({ update: "simulator_configs", updates: [{ q: {}, u: { $set: { description: "another" } } }] });
  await system.command({ createUser: "analyst", pwd: "by hand", roles: ["read"] });
  backup = await backUp(system);
}, 4 * MINUTE);
afterAll(() => system?.remove(), MINUTE);

/** Writes keys of the kind that a set makes every few months, all the time until the end. They expired long ago. */
async function makeKeys(): Promise<{ end(): Promise<void> }> {
  const { container, adminPassword } = system.outputs.mongodb;
  const script = `
    const admin = db.getSiblingDB("admin");
    admin.auth("admin", require("fs").readFileSync(0, "utf8").trim());
    admin.grantRolesToUser("admin", ["__system"]);
    const old = { purpose: "HMAC", key: BinData(0, "A".repeat(27) + "="), expiresAt: Timestamp(1, 0) };
    print("ready");
    for (let id = 1; require("fs").existsSync("/tmp/make-keys"); id++) {
      admin.getCollection("system.keys").insertOne({ _id: NumberLong(String(id)), ...old });
      sleep(20);
    }
    admin.getCollection("system.keys").deleteMany({ expiresAt: old.expiresAt });
    admin.revokeRolesFromUser("admin", ["__system"]);`;
  await docker("exec", container, "touch", "/tmp/make-keys");
  const shell = spawn("docker", ["exec", "-i", container, "mongosh", "--quiet", "--norc", "--eval", script]);
  shell.stdin.end(adminPassword);
  const ended = once(shell, "exit");
  expect((await once(shell.stdout, "data")).toString()).toBe("ready\n");
  return {
    async end() {
      await docker("exec", container, "rm", "/tmp/make-keys");
      expect((await ended)[0]).toBe(0);
    },
  };
}

/** What a user whom this project knows nothing of reads in MongoDB. */
function countAsAnalyst(): Promise<string> {
  const login = ["--username=analyst", "--password=by hand", "--authenticationDatabase=trading_configs"];
  const count = ["trading_configs", "--eval", "db.simulator_configs.countDocuments()"];
  return docker("exec", system.outputs.mongodb.container, "mongosh", "--quiet", "--norc", ...login, ...count);
}

describe("a restore", () => {
  test("brings both databases back with all users, and keeps what they held until the next backup is proven", async () => {
    await system.lose();
    await system.command({ dropUser: "analyst" });
    expect(await system.counts()).toEqual([0, 0]);
    await expect(countAsAnalyst()).rejects.toThrow(/Authentication failed/);
    await restore(system, undefined, undefined);
    expect(await system.counts()).toEqual([127, 6]);
    expect(await countAsAnalyst()).toBe("6");
    const former = [expect.stringMatching(/^previous-2/)];
    expect(await system.beside()).toEqual([former, former]);

    // That of before the restore holds nothing of what came after it.
    await prove(system, backup);
    const next = await backUp(system);
    expect(await system.beside()).toEqual([former, former]);
    await prove(system, next);
    expect(await system.beside()).toEqual([[], []]);
    rmSync(join(system.place, next), { recursive: true });
  });

  test("of a backup that was taken while MongoDB made itself new keys brings both databases back", async () => {
    const keys = await makeKeys();
    const taken = await backUp(system).finally(() => keys.end());
    await system.lose();
    await restore(system, taken, undefined);
    expect(await system.counts()).toEqual([127, 6]);
    rmSync(join(system.place, taken), { recursive: true });
  });

  test("that was killed between its renames is ended by the next one; where that is refused, both halves are still told", async () => {
    const { postgres, mongodb } = system.servers;
    const [results, configs] = await system.beside();
    for (const server of [postgres, mongodb]) await docker("stop", server.container);
    await postgres.onVolume("mkdir /volume/previous-2026; mv /volume/current /volume/restored");
    await mongodb.onVolume("mkdir /volume/restored");
    const broken = join(system.place, "2026-01-01T00-00-00-000Z");
    cpSync(join(system.place, backup), broken, { recursive: true });
    const bytes = readFileSync(join(broken, "postgresql.dump.zst"));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(broken, "postgresql.dump.zst"), bytes);
    await expect(restore(system, basename(broken), undefined)).rejects.toThrow(/ is not what was written /);
    rmSync(broken, { recursive: true });
    expect(await system.beside()).toEqual([[...results!, "previous-2026"].sort(), [...configs!, "restored"].sort()]);
    await postgres.onVolume("rmdir /volume/previous-2026");
    for (const server of [postgres, mongodb]) await server.start();
    expect(await system.counts()).toEqual([127, 6]);
    // A restore that succeeds takes its place.
    await restore(system, backup, undefined);
    expect((await system.beside())[1]).not.toContain("restored");
  });

  test("gives roles and users the passwords of the stack's state, and not those of the backup", async () => {
    const { postgres, mongodb } = system.outputs;
    await system.servers.postgres.onVolume("true");
    await docker(
      "exec",
      postgres.container,
      "psql",
      "-U",
      "postgres",
      "-qc",
      "ALTER ROLE trading_user PASSWORD 'another'",
    );
    const old = await backUp(system);
    await restore(system, old, undefined);
    const login = [
      "-e",
      `PGPASSWORD=${postgres.password}`,
      postgres.container,
      "psql",
      "-h",
      "127.0.0.1",
      "-U",
      "trading_user",
    ];
    expect(await docker("exec", ...login, "-d", "trading_results", "-Atc", "SELECT 1")).toBe("1");
    expect(mongodb.user).toBe("admin");
    expect(await system.counts()).toEqual([127, 6]);
    rmSync(join(system.place, old), { recursive: true });
  });
});

describe("a backup that does not fit is refused before anything is touched", () => {
  const altered = "2026-01-01T00-00-00-000Z";
  const alter = async (change: (manifest: Manifest) => Manifest) => {
    const folder = join(system.place, altered);
    rmSync(folder, { recursive: true, force: true });
    cpSync(join(system.place, backup), folder, { recursive: true });
    const manifest = await readManifest(folder);
    rmSync(join(folder, "manifest.json"));
    await writeManifest(folder, change(manifest));
  };
  afterAll(() => rmSync(join(system.place, altered), { recursive: true, force: true }));
  let before: string[][];
  beforeEach(async () => void (before = await system.beside()));

  const offer = () => ` The newest good one is ${backup} (proven): name that one.`;

  let foreign: string;

  test("of another cluster", async () => {
    const other = await makeBackedUp();
    foreign = await backUp({ ...other, place: system.place }).finally(() => other.remove());
    const clusterOf = async (name: string) =>
      (await readManifest(join(system.place, name))).postgresql.systemIdentifier;
    await expect(restore(system, foreign, undefined)).rejects.toThrow(
      new Error(
        `The backup ${foreign} is of another PostgreSQL cluster (${await clusterOf(foreign)}) than the one that is here (${await clusterOf(backup)}). ` +
          `Nothing was touched. "npx trading-db clone NAME ${foreign}" gets its data beside these.${offer()}`,
      ),
    );
    expect(await system.beside()).toEqual(before);
  });

  test.each([
    ["PostgreSQL", "16.2", /^15\.\d+$/, "postgresql.dump", "postgresql"],
    ["MongoDB", "7.0.1", /^6\.0\.\d+$/, "mongodb.archive", "mongodb"],
  ] as [string, string, RegExp, string, "postgresql" | "mongodb"][])(
    "of another major version of %s",
    async (name, other, runs, file, engine) => {
      await alter((manifest) => ({ ...manifest, [engine]: { ...manifest[engine], version: other } }));
      const { version } = (await readManifest(join(system.place, backup)))[engine];
      expect(version).toMatch(runs);
      await expect(restore(system, altered, undefined)).rejects.toThrow(
        new Error(
          `The backup ${altered} was made by ${name} ${other}, and this stack runs ${name} ${version}. Nothing was touched. ` +
            `Run the major version ${other.split(".")[0]}, or load ${file} of the backup into this one (see docs/operations.md).${offer()}`,
        ),
      );
      expect(await system.beside()).toEqual(before);
    },
  );

  test("to a time before it, or to one that is none", async () => {
    const { endedAt } = await readManifest(join(system.place, backup));
    await expect(restore(system, backup, "2020-01-01T00:00:00Z")).rejects.toThrow(
      new Error(
        `The backup ${backup} was whole at ${endedAt}, and can't be brought back to 2020-01-01T00:00:00.000Z. Leave its name out to take an older one.`,
      ),
    );
    await expect(restore(system, undefined, "2020-01-01")).rejects.toThrow(
      /^No good backup is older than 2020-01-01T00:00:00\.000Z: the oldest was whole at \S+Z\. Choose a later time\.$/,
    );
    await expect(restore(system, undefined, "yesterday")).rejects.toThrow(
      new Error('"yesterday" is no time. Write it as 2026-11-27T14:03:00Z, or latest.'),
    );
    await expect(restore(system, undefined, "2100-01-01")).rejects.toThrow(
      new Error("2100-01-01 has not come yet. Choose a time that has passed, or latest."),
    );
  });

  // The last one: from here on this is the other cluster.
  test("unless it is adopted; the newest of others is, where those of the cluster that is here are newer", async () => {
    const own = await backUp(system);
    expect(own > foreign).toBe(true);
    await system.lose();
    const words = `There are backups of the cluster that is here, and of others; the newest good one of those is ${foreign} (unproven). Name the one that is meant.`;
    await expect(restore(system, undefined, undefined, true)).rejects.toThrow(new Error(words));
    for (const older of [backup, altered]) rmSync(join(system.place, older), { recursive: true });
    expect((await restore(system, undefined, undefined, true)).name).toBe(foreign);
    expect(await system.counts()).toEqual([127, 6]);
  });
});
