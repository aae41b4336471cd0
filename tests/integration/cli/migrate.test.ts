import { describe, expect, jest, test } from "@jest/globals";
import type pg from "pg";
import type { Connection } from "../../../migrator/types.ts";
import { asOwner, usePostgres } from "../../support/migratorDatabases.ts";
import { folder, until, write } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";

// The migrator without Pulumi, as other tools and CI run it.
jest.setTimeout(300_000);

const engine = "postgresql";
let connection: Connection;
usePostgres((fresh) => ({ connection } = fresh));

const first = "CREATE TABLE a (n int);\n";
const second = "CREATE TABLE b (n int);\n";
const files = {
  "0001_create_a.sql": first,
  "0001_create_a.down.sql": "-- migrate: allow drop-table: it comes back empty\nDROP TABLE a;\n",
  "0002_create_b.sql": second,
  "0002_create_b.down.sql": "-- migrate: allow drop-table: it comes back empty\nDROP TABLE b;\n",
};

const run = (directory: string, ...args: string[]) => startMigrate(engine, connection, directory, args).ended;

/** Asks the database as the owner of all tables. */
async function ask(statement: string): Promise<Record<string, unknown>[]> {
  return asOwner(connection, async (client: pg.Client) => (await client.query(statement)).rows);
}

describe("up", () => {
  test("applies what is pending and says so, in words or as JSON; with nothing to do it ends well, too", async () => {
    const directory = folder(files);
    expect(await run(directory)).toEqual({
      code: 0,
      signal: null,
      stdout: `✔ 0001_create_a.sql is applied\n✔ 0002_create_b.sql is applied\n✔ ${connection.database} is at 0002_create_b.sql\n`,
      stderr: "",
    });
    const { code, stdout } = await run(directory, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ version: "0002_create_b.sql", applied: [] });
  });

  test("ends with 1 for a file that fails, and its JSON names the file", async () => {
    const directory = folder({ "0001_fail.sql": "SELECT 1 / 0;\n" });
    const words =
      "0001_fail.sql line 1: division by zero; nothing was applied before it, nothing of 0001_fail.sql was kept. Mend the file, and run this again.";
    expect(await run(directory)).toMatchObject({ code: 1, stdout: "", stderr: `✖ ${words}\n` });
    const { code, stdout } = await run(directory, "--json");
    expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 1, error: words, migration: "0001_fail.sql" });
  });

  test("stops before anything is applied where a file destroys data without a reason", async () => {
    const directory = folder(files);
    await run(directory);
    write(directory, { "0003_create_c.sql": "CREATE TABLE c (n int);\n", "0004_drop_a.sql": "DROP TABLE a;\n" });
    const { code, stderr } = await run(directory);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^✖ 0004_drop_a\.sql line 1: .+ If it is meant, state why in the file: -- migrate: allow drop-table: reason\nNothing was applied\.\n$/,
    );
    expect(await ask("SELECT to_regclass('a') AS a, to_regclass('c') AS c")).toEqual([{ a: "a", c: null }]);
  });

  test("ends with 4 when another run holds the lock, after it was waited for", async () => {
    const holder = run(folder({ "0001_sleep.sql": "SELECT pg_sleep(10);\n" }));
    await until(async () => (await ask("SELECT FROM pg_locks WHERE locktype = 'advisory'")).length > 0);
    const { code, stderr } = await run(folder(files), "--wait", "0.5");
    expect(code).toBe(4);
    expect(stderr).toContain(`✖ Another run holds the migration lock of ${connection.database}: "trading-db `);
    expect((await holder).code).toBe(0);
  });

  test("ends with 5 where nobody answers or the password is wrong, and never shows the password", async () => {
    const nobody = await startMigrate(engine, { ...connection, port: 1 }, folder(files)).ended;
    expect(nobody).toMatchObject({
      code: 5,
      stderr:
        "✖ PostgreSQL at 127.0.0.1:1 can't be reached: connect ECONNREFUSED 127.0.0.1:1. Start it, or mend the URL.\n",
    });
    const refused = await startMigrate(engine, { ...connection, password: "wrong-one" }, folder(files)).ended;
    expect(refused).toMatchObject({
      code: 5,
      stderr:
        `✖ PostgreSQL at ${connection.host}:${connection.port} refuses trading_migrator in ${connection.database}: password ` +
        'authentication failed for user "trading_migrator". Mend the URL, or let this user in.\n',
    });
  });
});

test("plan says what is pending and ends with 3, with 0 when nothing is, and changes nothing", async () => {
  const directory = folder(files);
  const { code, stdout } = await run(directory, "plan");
  expect(code).toBe(3);
  expect(stdout).toMatch(
    /^0001_create_a\.sql \([0-9a-f]{12}, one transaction\)\n {2}line 1: creates table a with 1 column\n0002_create_b\.sql \([0-9a-f]{12}, one transaction\)\n {2}line 1: creates table b with 1 column\n$/,
  );
  expect(await ask("SELECT to_regclass('trading_ledger.migrations') AS ledger")).toEqual([{ ledger: null }]);
  await run(directory);
  expect(await run(directory, "plan")).toMatchObject({
    code: 0,
    stdout: `✔ nothing is pending in ${connection.database}\n`,
  });
});

test("drift ends with 3 and names the object, and with 0 where the schema is what the migrations made", async () => {
  const directory = folder(files);
  await run(directory);
  expect(await run(directory, "drift")).toMatchObject({
    code: 0,
    stdout: `✔ the schema of ${connection.database} is what the migrations made\n`,
  });
  await ask("ALTER TABLE a ADD COLUMN note text");
  expect(await run(directory, "drift")).toMatchObject({
    code: 3,
    stderr: "✖ column public.a.note is there, but no migration made it: text\n",
  });
  // A later migration that does not touch it does not take it for its own.
  write(directory, { "0003_create_c.sql": "CREATE TABLE c (n int);\n" });
  expect((await run(directory)).stderr).toBe("Drift: column public.a.note is there, but no migration made it: text.\n");
  expect((await run(directory, "drift")).code).toBe(3);
});

describe("down", () => {
  test("takes back the last migration, or all after one that is named", async () => {
    const directory = folder(files);
    await run(directory);
    expect(await run(directory, "down")).toMatchObject({ code: 0, stdout: "✔ 0002_create_b.sql is taken back\n" });
    expect(await ask("SELECT to_regclass('a') AS a, to_regclass('b') AS b")).toEqual([{ a: "a", b: null }]);
    await run(directory);
    const { code, stdout } = await run(directory, "down", "--to", "", "--json");
    expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, reverted: ["0002_create_b.sql", "0001_create_a.sql"] });
    expect(await ask("SELECT what, name FROM trading_ledger.history ORDER BY at")).toEqual(
      [
        "applied 0001_create_a.sql",
        "applied 0002_create_b.sql",
        "reverted 0002_create_b.sql",
        "applied 0002_create_b.sql",
        "reverted 0002_create_b.sql",
        "reverted 0001_create_a.sql",
      ].map((words) => ({ what: words.split(" ")[0], name: words.split(" ")[1] })),
    );
  });

  test("names the data that would be lost and does nothing, unless they may be", async () => {
    const directory = folder(files);
    await run(directory);
    await ask("INSERT INTO b SELECT generate_series(1, 1204)");
    expect(await run(directory, "down")).toMatchObject({
      code: 1,
      stderr:
        "✖ To go back would lose data that nothing brings back:\n0002_create_b.sql: 1,204 rows of b\nNothing was taken back. " +
        "Back up first; then say that they may be lost: `--lose-data`.\n",
    });
    expect(await ask("SELECT count(*)::int AS rows FROM b")).toEqual([{ rows: 1204 }]);
    expect((await run(directory, "down", "--lose-data")).code).toBe(0);
  });

  test("is refused for a migration without a way back, and to one that is not applied", async () => {
    const directory = folder({ "0001_create_a.sql": first });
    await run(directory);
    expect((await run(directory, "down")).stderr).toBe(
      "✖ 0001_create_a.sql has no way back. Write 0001_create_a.down.sql beside it. Nothing was taken back.\n",
    );
    expect((await run(directory, "down", "--to", "0009_x.sql")).stderr).toBe(
      "✖ 0009_x.sql is not applied, so nothing can be taken back to it. Applied are 0001_create_a.sql.\n",
    );
  });
});

describe("baseline", () => {
  test("counts what is there as applied, and the rest is pending", async () => {
    await ask(first);
    const directory = folder(files);
    expect(await run(directory, "baseline", "0001_create_a.sql")).toMatchObject({
      code: 0,
      stdout: "✔ 0001_create_a.sql counts as applied\n",
    });
    expect((await run(directory)).stdout).toBe(
      `✔ 0002_create_b.sql is applied\n✔ ${connection.database} is at 0002_create_b.sql\n`,
    );
    expect(await ask("SELECT what, name FROM trading_ledger.history ORDER BY at")).toEqual([
      { what: "baselined", name: "0001_create_a.sql" },
      { what: "applied", name: "0002_create_b.sql" },
    ]);
  });

  test("is refused for an empty database, and for a name that no file has", async () => {
    const directory = folder(files);
    expect((await run(directory, "baseline", "0001_create_a.sql")).stderr).toBe(
      `✖ ${connection.database} is empty, so it can't have the schema of 0001_create_a.sql. Nothing was written. Migrate it instead.\n`,
    );
    expect((await run(directory, "baseline", "0001_a.sql")).stderr).toBe(
      `✖ There is no migration 0001_a.sql in ${directory}; it has 0001_create_a.sql and 0002_create_b.sql.\n`,
    );
  });
});

describe("repair", () => {
  test("accepts an edit of comments alone, and the ledger's history has it", async () => {
    const directory = folder(files);
    await run(directory);
    write(directory, { "0001_create_a.sql": "-- the first table\nCREATE TABLE a\n  (n int); /* one column */\n" });
    expect((await run(directory)).code).toBe(1);
    expect(await run(directory, "repair", "0001_create_a.sql")).toMatchObject({
      code: 0,
      stdout: "✔ 0001_create_a.sql does what it did: its new text is accepted\n",
    });
    expect((await run(directory)).code).toBe(0);
    expect(await ask("SELECT name FROM trading_ledger.history WHERE what = 'repaired'")).toEqual([
      { name: "0001_create_a.sql" },
    ]);
  });

  test("refuses an edit of anything else, with its first line", async () => {
    const directory = folder(files);
    await run(directory);
    write(directory, { "0001_create_a.sql": "-- the first table\nCREATE TABLE a (n bigint);\n" });
    expect(await run(directory, "repair", "0001_create_a.sql")).toMatchObject({
      code: 1,
      stderr:
        '✖ 0001_create_a.sql can\'t be accepted: more than comments was edited: line 1 is now "-- the first table", and was ' +
        '"CREATE TABLE a (n int);". Nothing was written. Bring its text back, and put the change into a new file.\n',
    });
    expect((await run(directory)).code).toBe(1);
  });
});
