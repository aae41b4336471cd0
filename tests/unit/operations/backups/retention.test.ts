import { describe, expect, test } from "@jest/globals";
import type { Backup } from "../../../../operations/backups/catalog.ts";
import { expired, timeOf } from "../../../../operations/backups/retention.ts";

const NOW = new Date("2026-11-30T12:00:00Z");

/** @param age in days */
function backup(age: number, state: Backup["state"] = "proven", kept = false): Backup {
  const name = new Date(NOW.getTime() - age * 86_400_000).toISOString().replaceAll(/[:.]/g, "-");
  return { name, folder: name, state, kept, bytes: 1 };
}

const ages = (backups: Backup[], count: number, days: number) =>
  expired(backups, { count, days }, NOW).map(({ name }) => (NOW.getTime() - timeOf(name).getTime()) / 86_400_000);

describe("a backup goes", () => {
  test("when it is older than the days and beyond the count", () => {
    expect(ages([backup(1), backup(2), backup(3), backup(40), backup(50)], 2, 30)).toEqual([40, 50]);
  });

  test("not while it is among the newest proven ones, whatever its age", () => {
    expect(ages([backup(40), backup(50), backup(60)], 2, 30)).toEqual([60]);
  });

  test("not while no newer one is proven", () => {
    expect(ages([backup(1, "unproven"), backup(40, "unproven"), backup(50, "unproven")], 1, 0)).toEqual([]);
    expect(ages([backup(1, "damaged"), backup(40), backup(50)], 1, 30)).toEqual([50]);
  });

  test("not while it is marked to be kept", () => {
    expect(ages([backup(1), backup(40, "proven", true), backup(50)], 1, 30)).toEqual([50]);
  });

  test("damaged or unproven, when it is old and a newer one is proven", () => {
    expect(ages([backup(1), backup(40, "damaged"), backup(41, "unproven"), backup(2, "damaged")], 1, 30)).toEqual([
      40, 41,
    ]);
  });

  test("never as the last proven one, not even with a count of none", () => {
    expect(ages([backup(100)], 0, 0)).toEqual([]);
  });
});
