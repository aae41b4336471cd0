import { expect, test } from "@jest/globals";
import type { Backup } from "../../../operations/backups/catalog.ts";
import type { Manifest } from "../../../operations/backups/manifest.ts";
import { findAge, findDamage } from "../../../operations/doctor/backups.ts";

const NOW = new Date("2026-11-30T12:00:00Z");
const EVERY_NIGHT = "0 3 * * *";

function backup(endedAt: string, state: Backup["state"] = "proven"): Backup {
  return { name: endedAt, folder: endedAt, state, kept: false, bytes: 1, manifest: { endedAt } as Manifest };
}

test("a proven backup may be as old as the last but one time of its schedule", () => {
  expect(findAge([backup("2026-11-30T03:01:00Z")], EVERY_NIGHT, "dev", NOW)).toBeUndefined();
  expect(findAge([backup("2026-11-29T03:01:00Z")], EVERY_NIGHT, "dev", NOW)).toBeUndefined();
  expect(findAge([backup("2026-11-28T23:01:00Z")], EVERY_NIGHT, "dev", NOW)).toEqual({
    problem: "The last proven backup was taken at 2026-11-28T23:01:00Z, and one was due at 2026-11-29T03:00:00.000Z.",
    cure: "npx trading-db --stack dev backup --prove",
  });
});

test("one that is not proven, or damaged, does not count", () => {
  const backups = [backup("2026-11-30T03:01:00Z", "unproven"), backup("2026-11-30T03:01:00Z", "damaged")];
  expect(findAge(backups, EVERY_NIGHT, "dev", NOW)).toEqual({
    problem: "No backup of stack dev is proven.",
    cure: "npx trading-db --stack dev backup --prove",
  });
  expect(findAge([...backups, backup("2026-11-29T03:01:00Z")], EVERY_NIGHT, "dev", NOW)).toBeUndefined();
});

test("a backup that is damaged is put beside, and another one is taken where no newer one is proven", () => {
  const proven = backup("2026-11-30T03:01:00Z");
  const damaged = { ...backup("2026-11-29T03:01:00Z", "damaged"), problem: "It lacks a file." };
  const older = { ...backup("2026-11-28T03:01:00Z", "damaged"), problem: "It is empty." };
  const aside = 'mv "2026-11-29T03:01:00Z" "2026-11-29T03:01:00Z.damaged"';
  expect(findDamage([], "dev")).toBeUndefined();
  expect(findDamage([proven, backup("2026-11-29T03:01:00Z", "unproven")], "dev")).toBeUndefined();
  expect(findDamage([proven, damaged], "dev")).toEqual({ problem: "It lacks a file.", cure: aside });
  expect(findDamage([damaged, proven], "dev")).toEqual({
    problem: "It lacks a file.",
    cure: `${aside} && npx trading-db --stack dev backup --prove`,
  });
  expect(findDamage([proven, damaged, older], "dev")).toEqual({
    problem: "It lacks a file. It is empty.",
    cure: `${aside} && mv "2026-11-28T03:01:00Z" "2026-11-28T03:01:00Z.damaged"`,
  });
});
