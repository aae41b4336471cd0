import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listBackups, mark, newestGood, type Backup } from "../../../operations/backups/catalog.ts";
import { readManifest } from "../../../operations/backups/manifest.ts";
import { backUp, restore } from "../../../operations/backups/ofStack.ts";
import { listSlices } from "../../../operations/backups/oplog.ts";
import { walAfter } from "../../../operations/backups/wal.ts";
import { startAgent, type Agent } from "../../support/backupAgent.ts";
import { makeBackedUp, type BackedUp } from "../../support/backedUp.ts";
import { docker } from "../../support/project.ts";

const MINUTE = 60_000;
jest.setTimeout(5 * MINUTE);

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
    await agent.says(/there is no backup of timeline [2-9] yet: a backup begins now/);
    const [newest] = await listBackups(system.place);
    expect(newest!.manifest!.postgresql.timeline).toBeGreaterThan(1);
  });
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
    const offer = ({ name, state }: Pick<Backup, "name" | "state">, to: string) =>
      ` The newest good one is ${name} (${state}): npx trading-db restore ${name} --to ${to}`;
    await expect(restore(system, name, times[3])).rejects.toThrow(
      new Error(`${words}${times[3]}${wayOut}${offer({ name: between, state: "unproven" }, times[3]!)}`),
    );
    const newest = newestGood((await listBackups(system.place)).filter((backup) => backup.name !== name))!;
    await expect(restore(system, name, "latest")).rejects.toThrow(
      new Error(`${words}latest${wayOut}${offer(newest, "latest")}`),
    );
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
