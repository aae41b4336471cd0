import { expect, jest, test } from "@jest/globals";
import type { Connection, Engine } from "../../../migrator/types.ts";
import { look } from "../../../migrator/open.ts";
import { connectMongo } from "../../../migrator/mongodb/connection.ts";
import { askPostgres, type Server } from "../../support/databases.ts";
import { freshMongo, useMongo, usePostgres } from "../../support/migratorDatabases.ts";
import { folder } from "../../support/migrations.ts";
import { startMigrate } from "../../support/runner.ts";
import { expectSettled } from "../../support/settled.ts";

jest.setTimeout(300_000);

const connections = {} as Record<Engine, Connection>;
const servers = {} as Record<Engine, Server>;
usePostgres(({ server, connection }) => {
  servers.postgresql = server;
  connections.postgresql = connection;
});
useMongo(({ server, connection }) => {
  servers.mongodb = server;
  connections.mongodb = freshMongo(connection);
});

const files: Record<Engine, Record<string, string>> = {
  postgresql: {
    "0001_create_ticks.sql": "CREATE TABLE ticks (at int);\nINSERT INTO ticks SELECT generate_series(1, 20000);\n",
    "0002_index_ticks.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY ticks_at ON ticks (at);\n",
    "0003_add_note.sql": "ALTER TABLE ticks ADD COLUMN note text;\n",
  },
  mongodb: {
    "0001_create_ticks.json": '[{ "create": "ticks" }, { "insert": "ticks", "documents": [{ "_id": 1, "n": 0 }] }]',
    "0002_add.json": '[{ "update": "ticks", "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } } }] }]',
    "0003_index_ticks.json": '[{ "createIndexes": "ticks", "indexes": [{ "key": { "n": 1 }, "name": "n" }] }]',
  },
};

/** What was done, in its order, read past the migrator. */
const histories: Record<Engine, () => Promise<string[]>> = {
  async postgresql() {
    const sql = "SELECT what || ' ' || name FROM trading_ledger.history ORDER BY at";
    return (await askPostgres(servers.postgresql, connections.postgresql.database, sql)).split("\n");
  },
  async mongodb() {
    const client = await connectMongo(connections.mongodb);
    const ledger = client.db(`${connections.mongodb.database}_ledger`);
    const found = await ledger.collection("history").find().sort({ at: 1 }).toArray();
    await client.close();
    return found.map(({ what, name }) => `${what} ${name}`);
  },
};

/** NODE_OPTIONS that shift the clock of a process by what it loads first: Date, and all that is made of it. */
function shifted(seconds: number): string {
  const program = `const now = Date.now;
    Date.now = () => now() + ${seconds * 1000};
    globalThis.Date = class extends Date {
      constructor(...args) { super(...(args.length ? args : [Date.now()])); }
    };`;
  return `--import=data:text/javascript,${encodeURIComponent(program)}`;
}

test.each(["postgresql", "mongodb"] as const)(
  "F14: runs on %s whose clocks are wrong by minutes, hours or days apply each migration once, and the ledger has the server's time",
  async (engine) => {
    const connection = connections[engine];
    const directory = folder(files[engine]);
    const shifts = [90 * 60, -195 * 60, 2 * 86_400, -7 * 3600, 11 * 60, 42 * 86_400, -13 * 3600];
    const begun = Date.now();
    const ends = await Promise.all(
      shifts.map((seconds) => startMigrate(engine, connection, directory, [], shifted(seconds)).ended),
    );
    expect(ends.map(({ code, stderr }) => code || stderr.match(/✖.*/)?.[0])).toEqual(shifts.map(() => undefined));
    expect(await histories[engine]()).toEqual(Object.keys(files[engine]).map((name) => `applied ${name}`));
    const ledger = await look(engine, connection, (database) => database.readLedger());
    expect(ledger.unfinished).toBeUndefined();
    for (const { appliedAt } of ledger.migrations) {
      expect(Number(appliedAt)).toBeGreaterThan(begun - 2000);
      expect(Number(appliedAt)).toBeLessThan(Date.now() + 2000);
    }
    await expectSettled(engine, servers[engine], connection, directory);
  },
);
