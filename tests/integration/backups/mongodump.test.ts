import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { restoreMongodump } from "../../../operations/backups/mongodump.ts";
import { makeBackedUp, type BackedUp } from "../../support/backedUp.ts";
import { refusal } from "../../support/migrations.ts";
import { execute } from "../../support/project.ts";

// Dumps of others: made by mongodump alone, as people have them from before.
const MINUTE = 60_000;
jest.setTimeout(3 * MINUTE);

const folder = mkdtempSync(join(tmpdir(), "dumps-"));
let system: BackedUp;

beforeAll(async () => {
  system = await makeBackedUp();
}, 4 * MINUTE);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await system?.remove();
}, MINUTE);

/** Runs mongodump in the server's container, and something behind it that writes the dump to standard output. */
async function dump(options: string, behind: string, target: string): Promise<string> {
  const { container, adminPassword } = system.outputs.mongodb;
  const login = "--host=127.0.0.1 --username=admin --authenticationDatabase=admin";
  const command = `mongodump --quiet ${login} ${options} ${behind}`;
  const line = `docker exec -i ${container} bash -euc '${command}' <<<"$PASSWORD" ${target}`;
  const env = { ...process.env, PASSWORD: adminPassword };
  expect(await execute("bash", ["-euo", "pipefail", "-c", line], { env })).toMatchObject({ code: 0 });
  return folder;
}

async function dumpFile(name: string, options: string): Promise<string> {
  await dump(`${options} --archive`, "", `>${join(folder, name)}`);
  return join(folder, name);
}

async function dumpFolder(name: string, options: string): Promise<string> {
  mkdirSync(join(folder, name));
  const work = `/tmp/${name}`;
  await dump(`${options} --out=${work}`, `>&2; tar -cC ${work} .`, `| tar -xC ${join(folder, name)}`);
  return join(folder, name);
}

const configs = async () => (await system.command({ count: "simulator_configs" }))["n"];
const lose = () => system.command({ delete: "simulator_configs", deletes: [{ q: {}, limit: 0 }] });

test.each([
  ["a file", () => dumpFile("file", "")],
  ["a compressed file with the oplog", () => dumpFile("file.gz", "--gzip --oplog")],
  ["a folder with the oplog", () => dumpFolder("folder", "--oplog")],
  ["a compressed folder of one database", () => dumpFolder("folder-gz", "--gzip --db=trading_configs")],
])("%s is restored beside what is there, and PostgreSQL stays", async (_what, make) => {
  const path = await make();
  await system.sql("DELETE FROM trades");
  await lose();
  const documents = await restoreMongodump(system.outputs, path, system.tell);
  expect(documents["trading_configs.simulator_configs"]).toBe(6);
  expect([await configs(), Number((await system.sql("SELECT count(*) FROM trades"))[0]!["count"])]).toEqual([6, 0]);
  const beside = (await system.servers.mongodb.onVolume("ls /volume")).split("\n");
  expect(beside.some((name) => name.startsWith("previous-"))).toBe(true);
});

test("what is no dump, or one of something else, is refused, and nothing is changed", async () => {
  const text = join(folder, "text");
  writeFileSync(text, "no dump");
  const refused = (path: string) => refusal(restoreMongodump(system.outputs, path, system.tell));
  expect(await refused(join(folder, "nowhere"))).toBe(`There is no dump ${join(folder, "nowhere")}.`);
  expect(await refused(text)).toBe("mongorestore failed: stream or file does not appear to be a mongodump archive.");
  const other = await dumpFile("other", "--db=admin");
  expect(await refused(other)).toBe(
    `${other} does not hold the database trading_configs: it has no data. Nothing was changed.`,
  );
  const twice = await dumpFolder("twice", "--db=trading_configs");
  const file = join(twice, "trading_configs/simulator_configs.bson");
  writeFileSync(file, Buffer.concat([readFileSync(file), readFileSync(file)]));
  expect(await refused(twice)).toMatch(
    new RegExp(`^6 documents of ${twice} can't be restored: E11000 duplicate key error .+\\. Nothing was changed\\.$`),
  );
  expect(await configs()).toBe(6);
  expect(await system.servers.mongodb.onVolume("ls /volume")).not.toMatch(/restor/);
});
