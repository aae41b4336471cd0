import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { listBackups, pickBackup } from "../../operations/backups/catalog.ts";
import { backUp, restore } from "../../operations/backups/ofStack.ts";
import { prepareGeneration } from "../../operations/backups/restore.ts";
import { makeBackedUp, type BackedUp } from "../support/backedUp.ts";
import { startBackupRun } from "../support/backupRun.ts";
import { docker } from "../support/project.ts";

const MINUTE = 60_000;
jest.setTimeout(3 * MINUTE);

let system: BackedUp;
let backup: string;

beforeAll(async () => {
  system = await makeBackedUp();
  backup = await backUp(system);
}, 4 * MINUTE);
afterAll(() => system?.remove(), MINUTE);

describe("F18: a restore that is killed leaves the data that are in use usable, and a later one succeeds", () => {
  test.each(["reading every byte", "restoring PostgreSQL", "restoring MongoDB"])("while it is %s", async (step) => {
    const run = startBackupRun(system, "restore", backup);
    await run.tells(step);
    run.kill();
    await run.ended;
    expect(await system.counts()).toEqual([127, 6]);
  });

  test("between the two renames of a volume: the server's start ends the switch", async () => {
    const { postgres } = system.servers;
    await prepareGeneration({
      place: system.place,
      backup: pickBackup(await listBackups(system.place), system.place, backup),
      key: undefined,
      targets: {
        postgresql: { image: postgres.image, dataVolume: postgres.volume },
        mongodb: { image: system.servers.mongodb.image, dataVolume: system.servers.mongodb.volume },
      },
      adminPassword: system.outputs.mongodb.adminPassword,
      adopt: false,
      tell: () => {},
    });
    await system.sql("DELETE FROM trades");
    await docker("stop", postgres.container);
    await postgres.onVolume("mv /volume/current /volume/previous-of-the-test");
    await postgres.start();
    expect(await system.counts()).toEqual([127, 6]);
  });

  test("and then it succeeds", async () => {
    await system.lose();
    await restore(system, backup, undefined);
    expect(await system.counts()).toEqual([127, 6]);
    expect((await system.beside()).flat().filter((name) => /^restor/.test(name))).toEqual([]);
  });
});

test("two restores at once: the second is refused, the first succeeds", async () => {
  const first = startBackupRun(system, "restore", backup);
  await first.tells("restoring PostgreSQL");
  await expect(restore(system, backup, undefined)).rejects.toThrow(
    new Error(`Another restore into the volume ${system.servers.postgres.volume} is under way. Wait for its end.`),
  );
  expect(await first.ended).toMatchObject({ code: 0 });
  expect(await system.counts()).toEqual([127, 6]);
});

test("a generation that does not come up is put away again, and the former one is in use", async () => {
  const { mongodb } = system.outputs;
  const outputs = { ...system.outputs, mongodb: { ...mongodb, fromHost: { host: "127.0.0.1", port: 1 } } };
  await expect(restore({ ...system, outputs }, backup, undefined)).rejects.toThrow(
    /The data that were in use before are in use again\.$/,
  );
  expect(await system.counts()).toEqual([127, 6]);
});
