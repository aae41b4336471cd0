import { expect, jest, test } from "@jest/globals";
import { baseline, repair } from "../../../../migrator/adopt.ts";
import { down } from "../../../../migrator/back.ts";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import { seed } from "../../../../migrator/seedRun.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { asOwner, usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, migrationsOf, seedsOf, write } from "../../../support/migrations.ts";
import { startProxy } from "../../../support/proxy.ts";

// A connection that breaks after the server has kept a change, and before it says so: the run connects again and finds a
// ledger that has the change.
jest.setTimeout(300_000);

const engine = "postgresql";
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

/** Works through a wire that is cut once: after the first message that has these words. */
async function cutAfter<T>(words: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  let cuts = 0;
  const proxy = await startProxy(connection, (message) => (message.includes(words) && cuts++ === 0 ? "after" : "pass"));
  try {
    const result = await work({ ...connection, port: proxy.port });
    expect(cuts).toBeGreaterThan(0);
    return result;
  } finally {
    await proxy.close();
  }
}

const names = ["a", "b", "c"];
const files = Object.fromEntries(
  names.flatMap((name, index) => [
    [`000${index + 1}_create_${name}.sql`, `CREATE TABLE ${name} (n int);\n`],
    [`000${index + 1}_create_${name}.down.sql`, `DROP TABLE ${name};\n`],
  ]),
);
const applied = async () => (await readLedger(engine, connection)).migrations.map(({ name }) => name);

test("a way back goes no further than it was to go, and tells all that it took back", async () => {
  const directory = folder(files);
  await migrate(engine, migrationsOf(engine, connection, directory));
  expect(await cutAfter("'reverted'", (connection) => down(engine, { connection, directory }))).toEqual([
    "0003_create_c.sql",
  ]);
  expect(await applied()).toEqual(["0001_create_a.sql", "0002_create_b.sql"]);
});

test("a baseline tells all that it wrote", async () => {
  const directory = folder(files);
  await asOwner(connection, (client) => client.query("CREATE TABLE a (n int)"));
  const to = "0002_create_b.sql";
  expect(await cutAfter("'baselined'", (connection) => baseline(engine, { connection, directory, to }))).toEqual([
    "0001_create_a.sql",
    "0002_create_b.sql",
  ]);
});

test("a repair tells all that it wrote", async () => {
  const directory = folder(files);
  await migrate(engine, migrationsOf(engine, connection, directory));
  write(directory, { "0001_create_a.sql": `-- first\n${files["0001_create_a.sql"]}` });
  const request = { directory, names: ["0001_create_a.sql"] };
  expect(await cutAfter("'repaired'", (connection) => repair(engine, { connection, ...request }))).toEqual([
    "0001_create_a.sql",
  ]);
});

test("a seed run tells all that it left as it was, once", async () => {
  const keyed = { "0001_create_a.sql": "CREATE TABLE a (n int PRIMARY KEY, m int);\n" };
  await migrate(engine, migrationsOf(engine, connection, folder(keyed)));
  const seeds = folder({ "default/0001_a.csv": "n,m\n1,1\n" });
  await seed(engine, seedsOf(engine, connection, seeds));
  write(seeds, { "default/0001_a.csv": "n,m\n1,2\n", "default/0002_more.sql": "INSERT INTO a VALUES (2, 2);\n" });
  const report = await cutAfter("'default/0002_more.sql'", (there) => seed(engine, seedsOf(engine, there, seeds)));
  expect(report).toEqual({
    seeded: ["default/0001_a.csv", "default/0002_more.sql"],
    changed: [
      "default/0001_a.csv was edited since it was seeded: its new rows were inserted, and 1 row of a that differs from the " +
        "file was left as it is. To give it the file's values, run `npm run migrate -- seed default --overwrite`.",
    ],
  });
});
