import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listBackups, mark, newestGood, type Backup } from "../../../operations/backups/catalog.ts";
import { readManifest } from "../../../operations/backups/manifest.ts";
import { backUp, restore } from "../../../operations/backups/ofStack.ts";
import { archiveOplog, listSlices, slicesTo } from "../../../operations/backups/oplog.ts";
import { toolsIn } from "../../../operations/backups/tools.ts";
import { walAfter } from "../../../operations/backups/wal.ts";
import { startAgent, type Agent } from "../../support/backupAgent.ts";
import { makeBackedUp, type BackedUp } from "../../support/backedUp.ts";
import { docker } from "../../support/project.ts";

const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

let system: BackedUp;
let agent: Agent;
/** A backup between the second mark and the third. */
let between: string;
/** Times of the servers between two known writes each. */
const times: string[] = [];

/** Notes the time between two writes, more than a second from each, and writes into both databases. */
async function write(mark: string): Promise<void> {
  await sleep(2100);
  times.push(new Date().toISOString());
  await sleep(2100);
  await system.sql(`CREATE TABLE IF NOT EXISTS marks (mark text); INSERT INTO marks VALUES ('${mark}')`);
  await system.command({ insert: "marks", documents: [{ mark }] });
}

/** What was written, in PostgreSQL and in MongoDB. */
const marks = async () => [
  (await system.sql("SELECT mark FROM marks ORDER BY mark")).map(({ mark }) => mark),
  (await system.command({ distinct: "marks", key: "mark" }))["values"],
];

beforeAll(async () => {
  system = await makeBackedUp();
  agent = await startAgent(system);
  await agent.says(/is proven; it was restored in/);
  for (const mark of ["1", "2"]) await write(mark);
  between = await backUp(system);
  // The container removes what is not proven when a newer one is.
  await mark((await listBackups(system.place))[0]!, true);
  await write("3");
  // The segment that is written now becomes whole, and is archived. Nobody writes after that.
  await docker("exec", system.outputs.postgres.container, "psql", "-U", "postgres", "-qc", "SELECT pg_switch_wal()");
  await sleep(2100);
  times.push(new Date().toISOString());
  await agent.archived(times.at(-1)!);
}, 5 * MINUTE);
afterAll(async () => {
  await agent?.remove();
  await system?.remove();
}, MINUTE);

describe("with the logs that the backup container archives", () => {
  test("both databases are brought to a second between two known writes", async () => {
    await restore(system, undefined, times[2]);
    expect(await marks()).toEqual([
      ["1", "2"],
      ["1", "2"],
    ]);
  });

  test("and to another one, earlier or later, after which nobody wrote: the former timeline stays archived", async () => {
    await restore(system, undefined, times[1]);
    expect(await marks()).toEqual([["1"], ["1"]]);
    await restore(system, undefined, times[3]);
    expect(await marks()).toEqual([
      ["1", "2", "3"],
      ["1", "2", "3"],
    ]);
  });

  test("a restored cluster is on a new timeline, of which the container takes a backup at once", async () => {
    await agent.says(/there is no backup of timeline [2-9] yet: a backup begins now[^]* is whole; proving it/);
    const [newest] = await listBackups(system.place);
    expect(newest!.manifest!.postgresql.timeline).toBeGreaterThan(1);
  });
});

test("a slot that somebody dropped ends the chain of the log, and a new one begins with a backup", async () => {
  await agent.says(/is proven; it was restored in[^]*is proven; it was restored in/);
  await docker("stop", agent.container);
  const drop = "SELECT pg_drop_replication_slot('trading_backup')";
  await docker("exec", system.outputs.postgres.container, "psql", "-U", "postgres", "-qc", drop);
  await docker("start", agent.container);
  await agent.says(/PostgreSQL dropped the slot that kept its log: a backup begins now[^]* is proven; it/);
  await agent.becomes("healthy");
});

test("a time of the schedule at which nothing ran is made up for", async () => {
  await agent.remove();
  const passed = new Date(Date.now() - 2000);
  const cron = `${passed.getUTCSeconds()} ${passed.getUTCMinutes()} ${passed.getUTCHours()} * * *`;
  agent = await startAgent(system, cron);
  await agent.says(/no backup was proven since \S+Z: one begins now[^]* is proven; it was restored in/);
});

describe("what the archived logs do not reach", () => {
  const first = async () => (await listBackups(system.place)).at(-1)!;
  // From here on nobody makes another one.
  beforeAll(() => agent.remove());

  test("is refused with the name of the segment that is missing", async () => {
    const { name, folder } = await first();
    const { postgresql } = await readManifest(folder);
    const [segment] = (await walAfter(system.place, postgresql)).segments;
    const file = join(segment!.folder, segment!.file);
    renameSync(file, `${file}.gone`);
    const words = `The segment ${segment!.name} of PostgreSQL's archived log is missing, and without it nothing leads from the backup ${name} to `;
    const wayOut = ". Choose a time before it, or a backup after it.";
    const offer = ({ name, state }: Pick<Backup, "name" | "state">) =>
      ` The newest good one is ${name} (${state}): name that one.`;
    await expect(restore(system, name, times[3])).rejects.toThrow(
      new Error(`${words}${times[3]}${wayOut}${offer({ name: between, state: "unproven" })}`),
    );
    const newest = newestGood((await listBackups(system.place)).filter((backup) => backup.name !== name))!;
    await expect(restore(system, name, "latest")).rejects.toThrow(new Error(`${words}latest${wayOut}${offer(newest)}`));
    renameSync(`${file}.gone`, file);
    expect((await marks())[0]).toEqual(["1", "2", "3"]);
  });

  test("is refused where PostgreSQL's log ends before the time", async () => {
    const { name, folder } = await first();
    const { segments } = await walAfter(system.place, (await readManifest(folder)).postgresql);
    const { folder: incoming, file } = segments.at(-1)!;
    expect(file).toMatch(/\.partial$/);
    renameSync(join(incoming, file), join(incoming, `${file}.gone`));
    await expect(restore(system, name, times[3])).rejects.toThrow(
      new Error(
        `PostgreSQL's archived log ends before ${times[3]}. Choose an earlier time, or the end of the log: --to latest.`,
      ),
    );
    renameSync(join(incoming, `${file}.gone`), join(incoming, file));
  });

  test("is read to its end, with a segment that becomes whole while a restore is under way", async () => {
    const { name, folder } = await first();
    const { segments } = await walAfter(system.place, (await readManifest(folder)).postgresql);
    const { folder: incoming, file, name: whole } = segments.at(-1)!;
    const tell = (step: string) => {
      if (step.startsWith("restoring PostgreSQL")) renameSync(join(incoming, file), join(incoming, whole));
    };
    await restore({ ...system, tell }, name, "latest");
    expect(await marks()).toEqual([
      ["1", "2", "3"],
      ["1", "2", "3"],
    ]);
  });

  test("is refused where a file of them is damaged, by its name", async () => {
    const { name, folder } = await first();
    const { postgresql, mongodb } = await readManifest(folder);
    const { segments } = await walAfter(system.place, postgresql);
    const segment = segments.find(({ file }) => file.endsWith(".zst"))!;
    const [slice] = (await slicesTo(system.place, mongodb, times[3])).slices;
    const files = [segment, slice!].map(({ folder, file }) => join(folder, file));
    const wayOut = (to: string) =>
      `, and without it nothing leads from the backup ${name} to ${to}. Choose a time before it, or a backup after it.`;
    for (const file of files) {
      const bytes = readFileSync(file);
      bytes[2]! ^= 1;
      writeFileSync(file, bytes);
      for (const to of [times[3]!, "latest"]) {
        await expect(restore(system, name, to)).rejects.toMatchObject({
          message: expect.stringContaining(`${file} is damaged (Unknown frame descriptor)${wayOut(to)}`),
        });
      }
      bytes[2]! ^= 1;
      writeFileSync(file, bytes);
    }
    expect((await marks())[0]).toEqual(["1", "2", "3"]);
  });

  test("is refused where a slice of the oplog is missing", async () => {
    const { name, folder } = await first();
    const { replicaSetId, oplog } = (await readManifest(folder)).mongodb;
    for (const slice of await listSlices(system.place, replicaSetId)) rmSync(join(slice.folder, slice.file));
    await expect(restore(system, name, times[3])).rejects.toThrow(
      new Error(
        `MongoDB's archived oplog ends, or has a gap, at ${new Date(oplog.t * 1000).toISOString()}, and nothing leads from the backup ${name} to ${times[3]}. ` +
          "Choose a time before that, or a backup after the gap. None beside it can be restored instead.",
      ),
    );
    expect((await marks())[1]).toEqual(["1", "2", "3"]);
  });
});

test("what is written while MongoDB is dumped, and archived in slices meanwhile, is restored to the last entry", async () => {
  const { container, adminPassword } = system.outputs.mongodb;
  const reader = { tools: toolsIn(container), user: "admin", password: adminPassword };
  let isOver = false;
  const repeat = async (act: (time: number) => Promise<unknown>) => {
    let times = 0;
    while (!isOver) await act(++times);
    return times;
  };
  // Done once more to a database in which it is gone, the edit would make half a document, which the validator refuses.
  await system.command({ create: "passing", validator: { whole: { $exists: true } } });
  const writing = repeat(async (n) => {
    await system.command({ insert: "ticks", documents: [{ n }] });
    await system.command({ insert: "passing", documents: [{ _id: n, whole: true }] });
    await system.command({ update: "passing", updates: [{ q: { _id: n }, u: { $set: { edited: true } } }] });
    await system.command({ delete: "passing", deletes: [{ q: { _id: n }, limit: 1 }] });
  });
  const archiving = repeat(() => archiveOplog(reader, system.place, undefined));
  const name = await backUp(system).finally(() => (isOver = true));
  const written = await writing;
  await archiving;
  await archiveOplog(reader, system.place, undefined);
  await restore(system, name, "latest");
  const found = (await system.command({ distinct: "ticks", key: "n" }))["values"] as number[];
  expect(found).toEqual(Array.from({ length: written }, (_, index) => index + 1));
});
