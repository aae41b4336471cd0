import { MongoClient } from "mongodb";
import type { StackOutputs } from "../../outputs.ts";
import { docker } from "./project.ts";

/** A text that stands for all rows and documents of a stack's users: another one means that something was lost or changed. */
export async function fingerprint(outputs: StackOutputs): Promise<string> {
  return `${await resultsOf(outputs)}\n${await configurationsOf(outputs)}`;
}

async function resultsOf({ postgres }: StackOutputs): Promise<string> {
  const tables = ["simulation_runs", "trades", "positions", "equity_points"];
  const query = tables
    .map((table) => `SELECT '${table}', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM ${table} t`)
    .join(" UNION ALL ");
  const psql = ["psql", "-U", "trading_user", "-d", postgres.database, "-At", "-c"];
  return docker("exec", postgres.container, ...psql, query);
}

async function configurationsOf({ mongodb }: StackOutputs): Promise<string> {
  const { host, port } = mongodb.fromHost;
  const client = new MongoClient(`mongodb://${host}:${port}/?directConnection=true`, {
    auth: { username: "admin", password: mongodb.adminPassword },
  });
  try {
    const { collections } = await client.db(mongodb.database).command({ dbHash: 1 });
    return JSON.stringify(collections);
  } finally {
    await client.close();
  }
}
