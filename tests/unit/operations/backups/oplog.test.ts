import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../../../../operations/backups/manifest.ts";
import { oplogFolder, pruneOplog, slicesTo } from "../../../../operations/backups/oplog.ts";

const SET = "65f000000000000000000001";
const backup = (t: number, replicaSetId = SET) => ({ replicaSetId, oplog: { t, i: 1 } }) as Manifest["mongodb"];

let place: string;
const archive = (names: string[], set = SET) => {
  mkdirSync(oplogFolder(place, set), { recursive: true });
  for (const name of names) writeFileSync(join(oplogFolder(place, set), `${name}.bson.zst`), "");
};
const left = (set = SET) => readdirSync(oplogFolder(place, set)).map((file) => file.replace(".bson.zst", ""));

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "oplog-"));
});
afterEach(() => rmSync(place, { recursive: true }));

describe("the slices that follow a dump", () => {
  beforeEach(() => archive(["100.1-130.1", "130.1-160.2", "160.2-190.1", "200.1-230.1"]));
  const found = async (to?: string) => {
    const { slices, end } = await slicesTo(place, backup(140), to);
    return [slices.map(({ from }) => from.t), end];
  };

  test("begin with the one that it ended in, and end with the one that holds the time", async () => {
    expect(await found("1970-01-01T00:02:40Z")).toEqual([[130], undefined]);
    expect(await found("1970-01-01T00:02:41Z")).toEqual([[130, 160], undefined]);
  });

  test("end before a gap, and tell its time", async () => {
    expect(await found("1970-01-01T00:03:20Z")).toEqual([[130, 160], "1970-01-01T00:03:10.000Z"]);
    expect(await found()).toEqual([[130, 160], "1970-01-01T00:03:10.000Z"]);
  });
});

describe("archived slices", () => {
  const remaining = (...dumps: Manifest["mongodb"][]) =>
    dumps.map((mongodb) => ({ startedAt: "1970-01-01T00:02:00.000Z", mongodb }) as Manifest);

  test("go where the oldest remaining dump of their set needs them no more", async () => {
    archive(["100.1-130.1", "130.1-160.2", "160.2-190.1"]);
    await pruneOplog(place, remaining(backup(170), backup(140)));
    expect(left()).toEqual(["130.1-160.2", "160.2-190.1"]);
  });

  test("of a set without a dump go where they are older than all backups that remain", async () => {
    const former = "65f000000000000000000002";
    archive(["100.1-119.9", "119.9-130.1"], former);
    await pruneOplog(place, remaining(backup(140)));
    expect(left(former)).toEqual(["119.9-130.1"]);
  });

  test("stay where no backup is left that tells what is old", async () => {
    archive(["100.1-130.1"]);
    await pruneOplog(place, []);
    expect(left()).toEqual(["100.1-130.1"]);
  });
});
