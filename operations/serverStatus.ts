import type { MongoClient } from "mongodb";
import { docker } from "../migrator/docker.ts";
import { connectMongo } from "../migrator/mongodb/connection.ts";
import type { StackOutputs } from "../outputs.ts";
import { mongodbAsAdmin } from "./connections.ts";

/** What a database server says of itself. */
export interface ServerStatus {
  /** Such as `15.20` or `6.0.5`. */
  version: string;
  /** Since when it runs, in ISO 8601. */
  since: string;
  /** Of the stack's database, with indexes, in bytes. */
  size: number;
  connections: { used: number; most: number };
  /** At most three: those that took longest on average, of those that took a second or more. */
  slowQueries: SlowQuery[];
  /** One for each that streams from here; MongoDB's other members. */
  replication: { name: string; state: string }[];
}

export interface SlowQuery {
  query: string;
  calls: number;
  /** On average. */
  seconds: number;
}

/** @throws DockerError where the server does not answer */
export async function postgresStatus({ postgres }: StackOutputs): Promise<ServerStatus> {
  // Statistics of statements are the superuser's, who needs no password inside the container.
  const login = [
    "--no-psqlrc",
    "--username=postgres",
    "--dbname=postgres",
    "--tuples-only",
    "--no-align",
    "--set=ON_ERROR_STOP=1",
  ];
  const question = postgresQuestion.replaceAll("$1", `'${postgres.database}'`);
  return JSON.parse(await docker(["exec", "--interactive", postgres.container, "psql", ...login], question));
}

const postgresQuestion = `
SELECT json_build_object(
  'version', split_part(current_setting('server_version'), ' ', 1),
  'since', to_json(pg_postmaster_start_time()),
  'size', pg_database_size($1),
  'connections', json_build_object(
    'used', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
    'most', current_setting('max_connections')::int),
  'slowQueries', (
    SELECT coalesce(json_agg(slow), '[]') FROM (
      SELECT trim(regexp_replace(regexp_replace(query, '--[^\\n]*', '', 'g'), '\\s+', ' ', 'g')) AS query, calls, round(mean_exec_time::numeric / 1000, 1) AS seconds
      FROM pg_stat_statements JOIN pg_database ON oid = dbid
      WHERE datname = $1 AND mean_exec_time >= 1000 ORDER BY mean_exec_time DESC LIMIT 3) AS slow),
  'replication', (
    SELECT coalesce(json_agg(json_build_object('name', application_name, 'state', state)), '[]') FROM pg_stat_replication));
`;

/** @throws what `connectMongo` throws */
export async function mongodbStatus(outputs: StackOutputs): Promise<ServerStatus> {
  const client = await connectMongo(mongodbAsAdmin(outputs));
  try {
    return await describe(client, outputs.mongodb.database);
  } finally {
    await client.close();
  }
}

async function describe(client: MongoClient, database: string): Promise<ServerStatus> {
  const admin = client.db("admin");
  const [status, members, { totalSize }, running] = await Promise.all([
    admin.command({ serverStatus: 1 }),
    admin.command({ replSetGetStatus: 1 }),
    client.db(database).command({ dbStats: 1 }),
    admin.aggregate(longRunning(database), { readConcern: { level: "local" } }).toArray(),
  ]);
  const { current, available } = status["connections"];
  return {
    version: status["version"],
    since: new Date(Date.now() - Number(status["uptimeMillis"])).toISOString(),
    size: totalSize,
    connections: { used: current, most: current + available },
    slowQueries: running.map(({ op, ns, microsecs_running }) => ({
      query: `${op} on ${ns}`,
      calls: 1,
      seconds: Math.round(Number(microsecs_running) / 100_000) / 10,
    })),
    replication: members["members"]
      .filter(({ self }: { self?: boolean }) => !self)
      .map(({ name, stateStr }: { name: string; stateStr: string }) => ({ name, state: stateStr })),
  };
}

/** MongoDB keeps no statistics of what is over: these are at work now. */
const longRunning = (database: string) => [
  { $currentOp: { allUsers: true } },
  { $match: { microsecs_running: { $gte: 1_000_000 }, op: { $ne: "none" }, ns: { $regex: `^${database}\\.` } } },
  { $sort: { microsecs_running: -1 } },
  { $limit: 3 },
];
