import { describe, expect, jest, test } from "@jest/globals";
import { checksum } from "../../../../migrator/checksum.ts";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { askPostgres, type Server } from "../../../support/databases.ts";
import { asOwner, usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, until, write } from "../../../support/migrations.ts";
import { startMigrate } from "../../../support/runner.ts";
import { expectSettled } from "../../../support/settled.ts";

// What is left of a statement outside a transaction that was killed, or that the server refused.
jest.setTimeout(300_000);

const engine = "postgresql";
let server: Server;
let connection: Connection;
usePostgres((fresh) => ({ server, connection } = fresh));

const run = (directory: string, told: string[] = []) =>
  migrate(engine, { ...migrationsOf(engine, connection, directory), tell: (sentence) => told.push(sentence) });
const ask = (sql: string) => asOwner(connection, async (client) => (await client.query(sql)).rows);
const psql = (sql: string) => askPostgres(server, connection.database, sql);
const settled = (directory: string) => expectSettled(engine, server, connection, directory);

const head = "-- migrate: no-transaction\n";
const table = "CREATE TABLE ticks (at int, price int);\n";

describe("what a killed statement left", () => {
  /** Kills a run while its statement waits for a reader, and runs it again without. */
  async function killedWhileWaiting(
    statement: string,
    prepare: string,
    started: () => Promise<boolean>,
  ): Promise<string[]> {
    const directory = folder({ "0001_create_ticks.sql": table + prepare });
    await run(directory);
    write(directory, { "0002_work.sql": head + statement });
    await asOwner(connection, async (reader) => {
      await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM ticks");
      const killed = startMigrate(engine, connection, directory);
      await until(started);
      killed.process.kill("SIGKILL");
      await killed.ended;
      await until(async () => (await psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) === "0");
    });
    const told: string[] = [];
    await run(directory, told);
    await settled(directory);
    return told;
  }

  test("of REINDEX CONCURRENTLY is dropped", async () => {
    const invalid = async () => (await psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid")) !== "0";
    const told = await killedWhileWaiting(
      "REINDEX INDEX CONCURRENTLY ticks_at;\n",
      "CREATE INDEX ticks_at ON ticks (at);\n",
      invalid,
    );
    expect(told).toContain("The index ticks_at_ccnew was left INVALID, and is dropped.");
    expect(
      await psql("SELECT string_agg(indexrelid::regclass::text, ',') FROM pg_index WHERE indrelid = 'ticks'::regclass"),
    ).toBe("ticks_at");
  });

  test("of an index that was edited since is not taken for the new one", async () => {
    const text = `${head}CREATE INDEX CONCURRENTLY ticks_at ON ticks (at);\n`;
    const directory = folder({ "0001_create_ticks.sql": table });
    await run(directory);
    // Killed between the index and the note that it is done.
    await ask("CREATE INDEX ticks_at ON ticks (at)");
    const hash = checksum(text.split("\n")[1]!.replace(";", ""));
    await ask(`INSERT INTO trading_ledger.progress VALUES ('0002_work.sql', '{}', '${hash}')`);
    write(directory, { "0002_work.sql": text.replace("(at)", "(price)") });
    for (const attempt of [1, 2]) {
      expect([attempt, await refusal(run(directory))]).toEqual([
        attempt,
        '0002_work.sql line 2: relation "ticks_at" already exists; the last one applied is 0001_create_ticks.sql, nothing of ' +
          "0002_work.sql was kept. Mend the file, and run `pulumi up` again.",
      ]);
    }
    write(directory, { "0002_work.sql": text });
    expect((await run(directory)).version).toBe("0002_work.sql");
    await settled(directory);
  });

  test("is not passed over where its file is one transaction since", async () => {
    const text = `${head}CREATE INDEX CONCURRENTLY ticks_at ON ticks (at);\n`;
    const directory = folder({ "0001_create_ticks.sql": table });
    await run(directory);
    await ask("CREATE INDEX ticks_at ON ticks (at)");
    await psql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ticks_at'::regclass");
    const hash = checksum(text.split("\n")[1]!.replace(";", ""));
    await ask(`INSERT INTO trading_ledger.progress VALUES ('0002_work.sql', '{}', '${hash}')`);
    write(directory, { "0002_work.sql": text.replace(head, "").replace("CONCURRENTLY ", "") });
    expect(await refusal(run(directory))).toBe(
      "0002_work.sql was interrupted when it began with `-- migrate: no-transaction`, and its statement 1 was begun. Bring " +
        "that line and this statement back. Nothing was applied.",
    );
    write(directory, { "0002_work.sql": text });
    const told: string[] = [];
    await run(directory, told);
    expect(told).toContain("The index ticks_at was left INVALID, and is dropped.");
    await settled(directory);
  });

  test("of DETACH PARTITION CONCURRENTLY is ended", async () => {
    const prepare =
      "CREATE TABLE parts (a int) PARTITION BY LIST (a);\nCREATE TABLE part PARTITION OF parts FOR VALUES IN (1);\n";
    const directory = folder({ "0001_create_ticks.sql": table + prepare });
    await run(directory);
    write(directory, { "0002_work.sql": `${head}ALTER TABLE parts DETACH PARTITION part CONCURRENTLY;\n` });
    await asOwner(connection, async (reader) => {
      await reader.query("BEGIN; SELECT * FROM parts");
      const killed = startMigrate(engine, connection, directory);
      await until(async () => (await psql("SELECT count(*) FROM pg_inherits WHERE inhdetachpending")) === "1");
      killed.process.kill("SIGKILL");
      await killed.ended;
      await until(async () => (await psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) === "0");
    });
    expect(await psql("SELECT count(*) FROM pg_inherits WHERE inhdetachpending")).toBe("1");
    await run(directory);
    expect(await psql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'parts'::regclass")).toBe("0");
    await settled(directory);
  });

  test("of DROP INDEX CONCURRENTLY is dropped, or was", async () => {
    const invalid = async () => (await psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid")) !== "0";
    await killedWhileWaiting("DROP INDEX CONCURRENTLY ticks_at;\n", "CREATE INDEX ticks_at ON ticks (at);\n", invalid);
    expect(await psql("SELECT count(*) FROM pg_index WHERE indrelid = 'ticks'::regclass")).toBe("0");
  });
});

describe("a statement outside a transaction that the server refuses", () => {
  const parts =
    "CREATE TABLE parts (a int) PARTITION BY LIST (a);\nCREATE TABLE part (a int);\nCREATE INDEX ticks_at ON ticks (at);\n";
  const failure = (reason: string) =>
    `0002_work.sql line 2: ${reason}; the last one applied is 0001_create_ticks.sql, nothing of 0002_work.sql was kept. ` +
    "Mend the file, and run `pulumi up` again.";

  test.each([
    ["DROP INDEX CONCURRENTLY typo", 'index "typo" does not exist'],
    ["CREATE UNIQUE INDEX CONCURRENTLY ticks_at ON ticks (price)", 'relation "ticks_at" already exists'],
    ["ALTER TABLE parts DETACH PARTITION part CONCURRENTLY", 'relation "part" is not a partition of relation "parts"'],
    ["CREATE INDEX CONCURRENTLY ticks_volume ON ticks (volume)", 'column "volume" does not exist'],
    ["REINDEX INDEX CONCURRENTLY typo", 'relation "typo" does not exist'],
  ])("is refused by the next run as well: %s", async (statement, reason) => {
    const directory = folder({ "0001_create_ticks.sql": table + parts });
    await run(directory);
    write(directory, { "0002_work.sql": `${head}${statement};\n` });
    expect(await refusal(run(directory))).toBe(failure(reason));
    expect(await readLedger(engine, connection)).not.toHaveProperty("unfinished");
    expect(await refusal(run(directory))).toBe(failure(reason));
    expect(await psql("SELECT pg_get_indexdef('ticks_at'::regclass)")).toBe(
      "CREATE INDEX ticks_at ON public.ticks USING btree (at)",
    );
  });

  test("leaves no INVALID index, and builds it when its duplicates are gone", async () => {
    const directory = folder({ "0001_create_ticks.sql": `${table}INSERT INTO ticks VALUES (1, 1), (1, 2);\n` });
    await run(directory);
    write(directory, { "0002_work.sql": `${head}CREATE UNIQUE INDEX CONCURRENTLY ticks_at ON ticks (at);\n` });
    const told: string[] = [];
    expect(await refusal(run(directory, told))).toBe(
      failure('could not create unique index "ticks_at" (Key (at)=(1) is duplicated.)'),
    );
    expect(told).toEqual(["The index ticks_at was left INVALID, and is dropped."]);
    expect(await psql("SELECT count(*) FROM pg_index WHERE indrelid = 'ticks'::regclass")).toBe("0");
    await ask("DELETE FROM ticks WHERE price = 2");
    await run(directory);
    expect(await psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ticks_at'::regclass")).toBe("t");
  });
});
