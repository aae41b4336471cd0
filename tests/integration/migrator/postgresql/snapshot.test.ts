import { expect, jest, test } from "@jest/globals";
import { findDrift } from "../../../../migrator/drift.ts";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { asOwner, usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, killDuring, migrationsOf, refusal, until, write } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const engine = "postgresql";
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

const file = (second: string) =>
  `-- migrate: no-transaction\nCREATE INDEX a_n ON a (n);\n${second};\nCREATE INDEX a_m ON a (m);\n`;
const migrationTo = async (second: string) => {
  const directory = folder({ "0001_create_a.sql": "CREATE TABLE a (n int, m int);\n" });
  await migrate(engine, migrationsOf(engine, connection, directory));
  write(directory, { "0002_index_a.sql": file(second) });
  return { directory, request: migrationsOf(engine, connection, directory) };
};

test("what a file made before its run was killed is no drift after the next run", async () => {
  const { directory, request } = await migrationTo("SELECT pg_sleep(30)");
  await killDuring(engine, request, () =>
    until(async () => (await readLedger(engine, connection)).unfinished?.done.length === 1),
  );
  write(directory, { "0002_index_a.sql": file("SELECT 1") });
  const told: string[] = [];
  await migrate(engine, { ...migrationsOf(engine, connection, directory), tell: (sentence) => told.push(sentence) });
  expect(told.filter((sentence) => sentence.startsWith("Drift"))).toEqual([]);
  expect(await findDrift(engine, connection)).toEqual([]);
});

test("what was changed by hand before a file failed between two statements is drift after the next run", async () => {
  const { directory, request } = await migrationTo("SELECT 1 / 0");
  await asOwner(connection, (client) => client.query("ALTER TABLE a ADD note text"));
  await refusal(migrate(engine, request));
  write(directory, { "0002_index_a.sql": file("SELECT 1") });
  await migrate(engine, migrationsOf(engine, connection, directory));
  expect(await findDrift(engine, connection)).toEqual([
    "column public.a.note is there, but no migration made it: text",
  ]);
});
