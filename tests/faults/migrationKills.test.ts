import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { EJSON } from "bson";
import { look } from "../../migrator/open.ts";
import { migrate } from "../../migrator/run.ts";
import type { Connection, Engine } from "../../migrator/types.ts";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import { connectPostgres } from "../../migrator/postgresql/connection.ts";
import type { Server } from "../support/databases.ts";
import { freshMongo, freshPostgres, readyMongo } from "../support/migratorDatabases.ts";
import { startPostgres } from "../support/databases.ts";
import { interrupted } from "../support/interrupted.ts";
import { folder, migrationsOf } from "../support/migrations.ts";
import type { Fate } from "../support/proxy.ts";
import { expectFreeLock } from "../support/unchanged.ts";

// A run is killed at a message between it and the database: before the database gets it, or before the run gets the answer.
// Whatever the moment, the next run ends where one that nobody disturbed ends. FAULT_POINTS sets how many moments are tried.
const points = Number(process.env["FAULT_POINTS"] ?? 6);
jest.setTimeout(60_000 + points * 60_000);

const sql = {
  "0001_create_symbols.sql":
    "CREATE TABLE symbols (name text PRIMARY KEY);\nINSERT INTO symbols VALUES ('SPY'), ('QQQ');\n",
  "0002_create_ticks.sql":
    "CREATE TABLE ticks (symbol text REFERENCES symbols, price numeric, at int);\n" +
    "INSERT INTO ticks SELECT 'SPY', n, n FROM generate_series(1, 1000) n;\n",
  "0002_create_ticks.verify.sql": "SELECT * FROM ticks WHERE price IS NULL;\n",
  "0003_index_ticks.sql":
    "-- migrate: no-transaction\nSET statement_timeout = '1min';\n" +
    "CREATE INDEX CONCURRENTLY ticks_symbol ON ticks (symbol);\n" +
    "INSERT INTO ticks VALUES ('QQQ', 1, 0);\n" +
    "CREATE UNIQUE INDEX CONCURRENTLY ticks_at ON ticks (at);\n" +
    "UPDATE ticks SET price = price + 1 WHERE at < 100;\n" +
    "DROP INDEX CONCURRENTLY ticks_symbol;\n",
  "0004_add_note.sql":
    "ALTER TABLE ticks ADD COLUMN note text NOT NULL DEFAULT '';\nCOMMENT ON COLUMN ticks.note IS 'Free text.';\n",
  "0005_create_tags.sql": "CREATE TABLE tags (name text, old text);\n",
  // Harmless as long as the table is new, which it is for the run that goes on, too.
  "0006_drop_old.sql": "-- migrate: no-transaction\nALTER TABLE tags DROP COLUMN old;\n",
};
const steps = {
  "0001_create_symbols.ts":
    'export default [{ create: "symbols" }, { insert: "symbols", documents: [{ _id: "SPY" }, { _id: "QQQ" }] }];\n',
  "0002_create_ticks.json": '[{ "create": "ticks" }]\n',
  "0002_create_ticks.verify.json": '[{ "find": "ticks", "filter": { "price": null } }]\n',
  "0003_fill_ticks.ts":
    "// migrate: allow tighten-validator: no price is below zero\n" +
    'export default [\n  { insert: "ticks", documents: Array.from({ length: 100 }, (_, n) => ({ _id: n, price: n })) },\n' +
    '  { createIndexes: "ticks", indexes: [{ key: { price: 1 }, name: "price" }] },\n' +
    '  { update: "ticks", updates: [{ q: { _id: { $lt: 10 } }, u: { $inc: { price: 1 } }, multi: true }] },\n' +
    '  { collMod: "ticks", validator: { price: { $gte: 0 } } },\n];\n',
  "0004_rename_ticks.ts":
    '// migrate: allow rename-collection: nobody reads it yet\nexport default [{ renameCollection: "ticks", to: "prices" }];\n',
  "0005_create_tags.json": '[{ "create": "tags" }]\n',
  "0006_validate_tags.json": '[{ "collMod": "tags", "validator": { "name": { "$type": "string" } } }]\n',
};

/** What there is to compare, and how a moment is told from the wire. */
interface Ground {
  files: Record<string, string>;
  fresh(): Promise<Connection>;
  /** Whether a message is one of the migrator's, and not of the driver's own. */
  isOurs(message: Buffer, connection: Connection): boolean;
  /** Whether it writes the ledger. */
  writesLedger(message: Buffer): boolean;
  contents(connection: Connection): Promise<string>;
}

let postgres: Server;
let mongo: Server;
let mongoConnection: Connection;
beforeAll(async () => {
  postgres = await startPostgres();
  ({ server: mongo, connection: mongoConnection } = await readyMongo());
});
afterAll(async () => {
  await postgres?.remove();
  await mongo?.remove();
});

const grounds: Record<Engine, Ground> = {
  postgresql: {
    files: sql,
    fresh: () => freshPostgres(postgres),
    isOurs: (message) => ["Q", "P"].includes(String.fromCharCode(message[0]!)),
    writesLedger: (message) => message.includes("INSERT INTO trading_ledger"),
    async contents(connection) {
      const client = await connectPostgres(connection);
      const query = async (text: string) => (await client.query(text)).rows;
      try {
        await client.query("SET ROLE trading_owner");
        return JSON.stringify([
          await query("SELECT * FROM symbols ORDER BY 1"),
          await query("SELECT * FROM ticks ORDER BY at"),
          await query("SELECT name, checksum FROM trading_ledger.migrations ORDER BY 1"),
          await query("SELECT what, name FROM trading_ledger.history ORDER BY at"),
          await query("SELECT * FROM trading_ledger.progress"),
        ]);
      } finally {
        await client.end();
      }
    },
  },
  mongodb: {
    files: steps,
    fresh: async () => freshMongo(mongoConnection),
    isOurs: (message, { database }) => message.includes(database) || message.includes("commitTransaction"),
    writesLedger: (message) =>
      message.includes("_ledger") && /(insert|update|findAndModify)/.test(message.toString("latin1")),
    async contents(connection) {
      const client = await connectMongo(connection);
      const all = (database: string, collection: string, projection = {}) =>
        client.db(database).collection(collection).find({}, { projection }).sort({ _id: 1 }).toArray();
      const ledger = `${connection.database}_ledger`;
      try {
        return EJSON.stringify([
          await all(connection.database, "symbols"),
          await all(connection.database, "prices"),
          await all(ledger, "migrations", { checksum: 1 }),
          await client
            .db(ledger)
            .collection("history")
            .find({}, { projection: { _id: 0, what: 1, name: 1 } })
            .sort({ at: 1, name: 1 })
            .toArray(),
          await all(ledger, "progress"),
        ]);
      } finally {
        await client.close();
      }
    },
  },
};

describe.each(["postgresql", "mongodb"] as const)("F01, F02: a run on %s that is killed", (engine) => {
  const ground = grounds[engine];
  const directory = folder(ground.files);
  let expected: { contents: string; catalog: object };
  let messages = 0;
  let writes = 0;
  const state = async (connection: Connection) => ({
    contents: await ground.contents(connection),
    catalog: await look(engine, connection, (database) => database.readCatalog()),
  });

  beforeAll(async () => {
    const connection = await ground.fresh();
    const { code, stderr } = await interrupted(engine, connection, directory, (message) => {
      if (ground.isOurs(message, connection)) messages += 1;
      if (ground.writesLedger(message)) writes += 1;
      return "pass";
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expected = await state(connection);
  });

  /** Kills a run at a moment, and lets another one end the work. */
  async function killAt(moment: number, fate: Fate, counts: (message: Buffer, connection: Connection) => boolean) {
    const connection = await ground.fresh();
    let seen = 0;
    const { signal } = await interrupted(engine, connection, directory, (message) =>
      counts(message, connection) && ++seen === moment ? fate : "pass",
    );
    // The last message may be the last of the run, whose end then is its own.
    const request = { ...migrationsOf(engine, connection, directory), lockWait: 40 };
    const tell = (sentence: string) => void sentence;
    await migrate(engine, { ...request, tell });
    const found = await state(connection);
    expect({ moment, fate, ...found }).toEqual({ moment, fate, ...expected });
    await expectFreeLock(engine, connection);
    return signal;
  }

  test(`at ${points} of its messages, chosen by chance, ends in the same state when it is repeated`, async () => {
    const random = seeded(20261125);
    const signals = new Set<string | null>();
    for (let point = 0; point < points; point++) {
      const moment = 1 + Math.floor(random() * messages);
      signals.add(await killAt(moment, random() < 0.5 ? "before" : "after", ground.isOurs));
    }
    expect([...signals]).toContain("SIGKILL");
  });

  test("before and after writes of the ledger ends in the same state when it is repeated", async () => {
    // All of them where many points are asked for, else some from the beginning to the end.
    const stride = Math.max(1, Math.ceil((2 * writes) / Math.max(points, 4)));
    let tried = 0;
    for (let index = 0; index < 2 * writes; index += points >= 50 ? 1 : stride, tried++) {
      await killAt(1 + Math.floor(index / 2), index % 2 === 0 ? "before" : "after", ground.writesLedger);
    }
    expect(tried).toBeGreaterThanOrEqual(Math.min(4, 2 * writes));
  });
});

/** Numbers from 0 to 1 that are the same at each run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
