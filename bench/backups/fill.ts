import pg from "pg";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import { mongodbAsAdmin } from "../../operations/connections.ts";
import type { StackOutputs } from "../../outputs.ts";

/** What the databases hold, in bytes as their servers count them. */
export interface Sizes {
  postgresql: number;
  mongodb: number;
}

/**
 * Fills both databases, four fifths of the bytes with trades and the rest with configs. Values differ from row to row as
 * measured ones do, so that nothing compresses better than life.
 * @param bytes of both, roughly
 */
export async function fill(outputs: StackOutputs, bytes: number): Promise<Sizes> {
  return {
    postgresql: await fillPostgres(outputs, bytes * 0.8),
    mongodb: await fillMongo(outputs, bytes * 0.2),
  };
}

async function fillPostgres({ postgres }: StackOutputs, bytes: number): Promise<number> {
  const client = new pg.Client({
    ...{ ...postgres.fromHost, database: postgres.database },
    ...{ user: postgres.user, password: postgres.password },
  });
  await client.connect();
  try {
    const size = async () =>
      Number((await client.query("SELECT pg_database_size(current_database()) AS bytes")).rows[0].bytes);
    const { rows } = await client.query("SELECT max(trade_seq) AS last FROM trades");
    for (let round = 0; (await size()) < bytes; round++) {
      await client.query(
        `INSERT INTO trades (run_id, trade_seq, entry_time, exit_time, symbol, direction, quantity, entry_price,
           exit_price, gross_pnl, commission, mae, mfe, exit_reason)
         SELECT run_id, $1::int + seq, entry, entry + random() * interval '9 hours',
           (ARRAY['SPY', 'QQQ', 'TLT', 'IWM', 'GLD'])[1 + seq % 5], 'long', 1 + (random() * 500)::int,
           round((400 + 90 * random())::numeric, 4), round((400 + 90 * random())::numeric, 4),
           round((200 * random() - 90)::numeric, 4), round(random()::numeric, 4), round((-90 * random())::numeric, 4),
           round((90 * random())::numeric, 4), 'signal'
         FROM simulation_runs, generate_series(1, 5000) AS seq,
           LATERAL (SELECT '2015-01-02Z'::timestamptz + seq * interval '10 hours' AS entry) AS time
         WHERE status = 'completed'`,
        [Number(rows[0].last) + round * 5000],
      );
    }
    return await size();
  } finally {
    await client.end();
  }
}

async function fillMongo(outputs: StackOutputs, bytes: number): Promise<number> {
  const client = await connectMongo(mongodbAsAdmin(outputs));
  try {
    const database = client.db(outputs.mongodb.database);
    const configs = database.collection("simulation_configs");
    const sample = (await configs.findOne())!;
    const size = async () => Number((await database.stats())["dataSize"]);
    while ((await size()) < bytes) {
      const copies = Array.from({ length: 2000 }, () => ({
        ...sample,
        _id: crypto.randomUUID() as never,
        name: crypto.randomUUID(),
        config_hash: crypto.randomUUID(),
        notes: Array.from({ length: 8 }, () => crypto.randomUUID()),
      }));
      await configs.insertMany(copies, { bypassDocumentValidation: true });
    }
    // A dump holds the last write before it once more, in its oplog; and that may not be one which the validator refuses.
    await configs.deleteOne({ _id: { $ne: sample._id } });
    return await size();
  } finally {
    await client.close();
  }
}
