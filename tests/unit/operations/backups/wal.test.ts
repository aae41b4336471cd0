import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../../../../operations/backups/manifest.ts";
import {
  incomingFolder,
  pruneWal,
  segmentName,
  segmentNumber,
  walAfter,
  walFolder,
} from "../../../../operations/backups/wal.ts";

// Names and positions as PostgreSQL writes them: its function pg_walfile_name is the other witness.
test.each([
  ["0/3000138", 1, "000000010000000000000003"],
  ["0/4000000", 1, "000000010000000000000003"],
  ["0/4000001", 1, "000000010000000000000004"],
  ["0/FF000001", 2, "0000000200000000000000FF"],
  ["1/1", 1, "000000010000000100000000"],
  ["2A/10000", 12, "0000000C0000002A00000000"],
])("the byte before position %s of timeline %d is in segment %s", (position, timeline, name) => {
  expect(segmentName(timeline, segmentNumber(position))).toBe(name);
});

describe("the archived log after a backup", () => {
  let place: string;
  const backup = {
    systemIdentifier: "42",
    timeline: 1,
    wal: { start: "0/3000028", end: "0/3000138" },
  } as Manifest["postgresql"];
  const archive = (...names: string[]) => {
    for (const name of names) writeFileSync(join(walFolder(place, backup), name), "");
  };
  const names = async () => {
    const { segments, missing } = await walAfter(place, backup);
    return { segments: segments.map(({ file }) => file), missing };
  };

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "wal-"));
    mkdirSync(incomingFolder(place, backup), { recursive: true });
  });
  afterEach(() => rmSync(place, { recursive: true }));

  test("begins behind the segment that the backup brings, and ends with the one that is still written", async () => {
    archive("000000010000000000000003.zst", "000000010000000000000004.zst", "000000010000000000000005.zst.age");
    writeFileSync(join(incomingFolder(place, backup), "000000010000000000000006.partial"), "");
    expect(await names()).toEqual({
      segments: [
        "000000010000000000000004.zst",
        "000000010000000000000005.zst.age",
        "000000010000000000000006.partial",
      ],
      missing: undefined,
    });
  });

  test("ends before a segment that is missing, and names it", async () => {
    archive("000000010000000000000004.zst", "000000010000000000000006.zst");
    expect(await names()).toEqual({
      segments: ["000000010000000000000004.zst"],
      missing: "000000010000000000000005",
    });
  });

  test("of another timeline, or of another cluster, does not count", async () => {
    const other = { ...backup, timeline: 2 };
    mkdirSync(walFolder(place, other), { recursive: true });
    writeFileSync(join(walFolder(place, other), "000000020000000000000004.zst"), "");
    expect(await names()).toEqual({ segments: [], missing: undefined });
  });

  test("is shortened to what the oldest remaining backup needs, and never in its middle", async () => {
    archive(
      "000000010000000000000001.zst",
      "000000010000000000000002.zst",
      "000000010000000000000003.zst",
      "00000001.history.zst",
    );
    await pruneWal(place, [{ startedAt: "2026-11-01T00:00:00.000Z", postgresql: backup } as Manifest]);
    expect(readdirSync(walFolder(place, backup))).toEqual([
      "00000001.history.zst",
      "000000010000000000000003.zst",
      "incoming",
    ]);
    await pruneWal(place, []);
    expect(readdirSync(walFolder(place, backup))).toHaveLength(3);
  });

  test("that follows no remaining backup goes when it ended before all of them began, and leaves its history", async () => {
    archive("000000010000000000000003.zst", "00000001.history.zst");
    writeFileSync(join(incomingFolder(place, backup), "000000010000000000000004.partial"), "");
    const other = { ...backup, timeline: 2 };
    const remaining = (startedAt: string) => [{ startedAt, postgresql: other } as Manifest];
    utimesSync(incomingFolder(place, backup), new Date(), new Date("2026-11-02T00:00:00Z"));
    await pruneWal(place, remaining("2026-11-01T00:00:00.000Z"));
    expect(readdirSync(incomingFolder(place, backup))).toEqual(["000000010000000000000004.partial"]);
    await pruneWal(place, remaining("2026-11-03T00:00:00.000Z"));
    expect(readdirSync(walFolder(place, backup))).toEqual(["00000001.history.zst", "incoming"]);
    expect(readdirSync(incomingFolder(place, backup))).toEqual([]);
  });
});
