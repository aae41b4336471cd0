import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backup } from "../../../../operations/backups/catalog.ts";
import { chooseLogs, LATEST } from "../../../../operations/backups/logs.ts";
import { oplogFolder } from "../../../../operations/backups/oplog.ts";
import { Unfit } from "../../../../operations/backups/unfit.ts";
import { walFolder } from "../../../../operations/backups/wal.ts";

const NAME = "2026-11-28T14-03-22-000Z";
const postgresql = { systemIdentifier: "42", timeline: 1, wal: { start: "0/3000028", end: "0/3000138" } };
/** Seconds since 1970 of 2026-11-28T14:03:30Z. */
const END = 1_795_874_610;
const backup = {
  name: NAME,
  manifest: { postgresql, mongodb: { replicaSetId: "a", oplog: { t: END, i: 1 } } },
} as Backup;

describe("the archives lead from a backup", () => {
  let place: string;
  const segments = (...numbers: number[]) => {
    for (const number of numbers)
      writeFileSync(join(walFolder(place, postgresql), `00000001000000000000000${number}`), "");
  };
  /** A slice of the oplog, in seconds after the backup's end. */
  const slice = (from: number, to: number) =>
    writeFileSync(join(oplogFolder(place, "a"), `${END + from}.1-${END + to}.1.bson.zst`), "");
  const refusal = (to: string) =>
    chooseLogs(place, backup, to).then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "logs-"));
    for (const folder of [walFolder(place, postgresql), oplogFolder(place, "a")])
      mkdirSync(folder, { recursive: true });
  });
  afterEach(() => rmSync(place, { recursive: true }));

  test("to the end, or to a time, where nothing of them is missing", async () => {
    segments(4, 5);
    slice(-10, 20);
    slice(20, 50);
    const files = async (to: string) =>
      (await chooseLogs(place, backup, to)).oplog.map(({ from, to }) => [from.t - END, to.t - END]);
    expect(await files(LATEST)).toEqual([
      [-10, 20],
      [20, 50],
    ]);
    expect(await files("2026-11-28T14:03:40.000Z")).toEqual([[-10, 20]]);
  });

  test("nowhere behind a missing slice of the oplog, to the end as little as to a time", async () => {
    slice(-10, 20);
    slice(30, 50);
    const words = (to: string) =>
      `MongoDB's archived oplog ends, or has a gap, at 2026-11-28T14:03:50.000Z, and nothing leads from the backup ${NAME} to ${to}. ` +
      "Choose a time before that, or a backup after the gap.";
    for (const to of [LATEST, "2026-11-28T14:04:00.000Z"]) expect(await refusal(to)).toEqual(new Unfit(words(to)));
  });

  test("not to the end behind a missing segment of the log; to a time only its recovery tells", async () => {
    segments(4, 6);
    slice(-10, 50);
    const words = (to: string) =>
      `The segment 000000010000000000000005 of PostgreSQL's archived log is missing, and without it nothing leads from the backup ${NAME} to ${to}. ` +
      "Choose a time before it, or a backup after it.";
    expect(await refusal(LATEST)).toEqual(new Unfit(words(LATEST)));
    const time = "2026-11-28T14:04:00.000Z";
    expect((await chooseLogs(place, backup, time)).gap).toBe(words(time));
  });
});
