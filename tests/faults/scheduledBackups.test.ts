import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { readdirSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listBackups, mark, type Backup } from "../../operations/backups/catalog.ts";
import { restore } from "../../operations/backups/ofStack.ts";
import { listSlices } from "../../operations/backups/oplog.ts";
import { segmentName, segmentNumber, walFolder } from "../../operations/backups/wal.ts";
import { asRoot } from "../../operations/process.ts";
import { startAgent, type Agent } from "../support/backupAgent.ts";
import { makeBackedUp, type BackedUp } from "../support/backedUp.ts";
import { docker, execute } from "../support/project.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// A backup container that begins a backup every 20 s and keeps the newest alone, on a disk of its own.

const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

let system: BackedUp;
let agent: Agent;
const superuser = async (...statements: string[]) => {
  for (const statement of statements) await sqlAsSuperuser(system.outputs, "postgres", statement);
};
const backups = () => listBackups(system.place);

beforeAll(async () => {
  system = await makeBackedUp();
  const mount = ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", system.place];
  expect(await execute(...asRoot(mount))).toMatchObject({ code: 0 });
  agent = await startAgent(system, "*/20 * * * * *", 1);
  await agent.says(/is proven; it was restored in/);
}, 5 * MINUTE);
afterAll(async () => {
  await agent?.remove();
  await execute(...asRoot(["umount", system?.place ?? ""]));
  await system?.remove();
}, MINUTE);

describe("retention", () => {
  let kept: Backup;
  const chain = () => walFolder(system.place, kept.manifest!.postgresql);
  const firstSegment = () =>
    readdirSync(chain())
      .map((file) => /^[0-9A-F]{24}/.exec(file)?.[0])
      .filter((segment) => segment !== undefined)
      .sort()[0];
  const write = async (text: string) => {
    await superuser("SELECT pg_switch_wal()");
    await system.sql(`CREATE TABLE IF NOT EXISTS marks (mark text); INSERT INTO marks VALUES ('${text}')`);
    await system.command({ insert: "marks", documents: [{ mark: text }] });
  };

  test("removes what has expired, and breaks no chain: from a backup that is kept, both databases reach any time", async () => {
    kept = (await backups()).find(({ state }) => state === "proven")!;
    await mark(kept, true);
    await write("1");
    await sleep(2100);
    const time = new Date().toISOString();
    await sleep(2100);
    await write("2");
    await agent.says(/(removed the backup \S+[^]*){3}/);
    const left = await backups();
    expect(left.at(-1)!.name).toBe(kept.name);
    expect(left.length).toBeLessThanOrEqual(4);
    await restore(system, undefined, time);
    const marks = await system.sql("SELECT mark FROM marks");
    expect([marks, (await system.command({ distinct: "marks", key: "mark" }))["values"]]).toEqual([
      [{ mark: "1" }],
      ["1"],
    ]);
  });

  test("removes a backup that is kept no more, and the log of a timeline that no backup needs any more", async () => {
    const { postgresql, mongodb } = kept.manifest!;
    expect(firstSegment()).toBe(segmentName(postgresql.timeline, segmentNumber(postgresql.wal.start)));
    await mark(kept, false);
    await agent.says(new RegExp(`removed the backup ${kept.name}`));
    for (const deadline = Date.now() + 2 * MINUTE; firstSegment() !== undefined; await sleep(1000)) {
      expect(Date.now()).toBeLessThan(deadline);
    }
    expect(readdirSync(join(chain(), "incoming"))).toEqual([]);
    expect(await listSlices(system.place, mongodb.replicaSetId)).toEqual([]);
  });
});

describe("a chain that broke is told, and a new backup begins the next one", () => {
  test("where PostgreSQL dropped a part of its log", async () => {
    await superuser("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'", "SELECT pg_reload_conf()");
    await docker("stop", "--time", "5", agent.container);
    for (let segment = 0; segment < 8; segment++)
      await superuser("SELECT pg_logical_emit_message(true, '', '')", "SELECT pg_switch_wal()");
    await superuser("CHECKPOINT");
    await docker("start", agent.container);
    await agent.says(/PostgreSQL dropped a part of its log before it was archived: a backup begins now/);
    await agent.becomes("healthy");
  });

  test("where MongoDB dropped a part of its oplog", async () => {
    const { replicaSetId } = (await backups()).find(({ manifest }) => manifest !== undefined)!.manifest!.mongodb;
    // As if nothing had been archived for long.
    await docker("stop", "--time", "5", agent.container);
    const [first, ...others] = await listSlices(system.place, replicaSetId);
    for (const { folder, file } of others) rmSync(join(folder, file));
    await rename(join(first!.folder, first!.file), join(first!.folder, "1.1-2.1.bson.zst"));
    await docker("start", agent.container);
    await agent.says(/MongoDB dropped a part of its oplog before it was archived: a backup begins now/);
    await agent.becomes("healthy");
  });
});

test("a backup that fails turns the health check red, keeps nothing, and is taken again once there is room (F09)", async () => {
  const ballast = join(system.place, "ballast");
  await execute("dd", ["if=/dev/zero", `of=${ballast}`, "bs=1M"]);
  await agent.becomes("unhealthy");
  await agent.says(
    /backup: The disk that holds \/backups is full\. Free space on it, or name another folder\. No backup was kept\.\n[^]*backup: tried again in 60 s/,
  );
  expect((await backups()).filter(({ state }) => state === "damaged")).toEqual([]);
  rmSync(ballast);
  await agent.becomes("healthy");
});

test("a server that stands still turns the health check red, and is told", async () => {
  await docker("pause", system.outputs.postgres.container);
  await agent.becomes("unhealthy");
  await agent.says(/PostgreSQL's log: PostgreSQL has not answered for 30 s\./);
  await docker("unpause", system.outputs.postgres.container);
  await agent.becomes("healthy");
});
