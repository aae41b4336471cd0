import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";
import pg from "pg";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";

const run = promisify(execFile);
const host = "127.0.0.1";
const password = randomBytes(16).toString("hex");
const freshName = () => `bench_${randomBytes(4).toString("hex")}`;

/** A database server with its data in memory. */
interface Server {
  /** A new database, which is empty. */
  make(): Promise<string>;
  remove(database: string): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresServer extends Server {
  url(database: string): string;
  /** For psql: its password is no argument, which all could see. */
  environment(database: string): Record<string, string>;
  query(database: string, sql: string): Promise<Record<string, unknown>[]>;
}

export interface MongoServer extends Server {
  /** With the options that drivers need, and without a database. */
  url: string;
  /** As our command line takes it. */
  ourUrl(database: string): string;
  client: MongoClient;
}

export async function startPostgres(): Promise<PostgresServer> {
  const { port, stop } = await start("postgres:15", 5432, [
    ...["--env", `POSTGRES_PASSWORD=${password}`, "--tmpfs", "/var/lib/postgresql/data:uid=999,gid=999"],
    // So that no checkpoint falls into one tool's time.
    ...["--shm-size", "256m", image("postgres:15"), "-c", "max_wal_size=8GB", "-c", "checkpoint_timeout=1h"],
  ]);
  const query = async (database: string, sql: string, user = "bench") => {
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    return client
      .query(sql)
      .then(({ rows }) => rows)
      .finally(() => client.end());
  };
  const asRoot = (sql: string) => query("postgres", sql, "postgres");
  try {
    await until(() => asRoot("SELECT"));
    // One user for all tools, who may become the owner that our migrations and seeds know.
    await asRoot(
      `CREATE ROLE trading_owner; CREATE ROLE bench LOGIN CREATEDB PASSWORD '${password}' IN ROLE trading_owner`,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    query,
    url: (database) => `postgres://bench:${password}@${host}:${port}/${database}`,
    environment: (PGDATABASE) => ({
      ...{ PGHOST: host, PGPORT: String(port), PGUSER: "bench", PGPASSWORD: password, PGDATABASE },
    }),
    async make() {
      const database = freshName();
      await asRoot(`CREATE DATABASE ${database} OWNER trading_owner`);
      return database;
    },
    async remove(database) {
      await asRoot(`DROP DATABASE ${database}`);
    },
  };
}

export async function startMongo(): Promise<MongoServer> {
  const script = `umask 077; head -c 96 /dev/urandom | base64 -w 0 >/tmp/keyfile; exec docker-entrypoint.sh mongod \
    --replSet rs0 --keyFile /tmp/keyfile --oplogSize 1024 --wiredTigerCacheSizeGB 1`;
  const { port, container, stop } = await start("mongo:6.0", 27017, [
    ...["--hostname", "mongodb", "--user", "999:999", "--tmpfs", "/data/db:uid=999,gid=999"],
    ...["--env", "MONGO_INITDB_ROOT_USERNAME=bench", "--env", `MONGO_INITDB_ROOT_PASSWORD=${password}`],
    ...["--entrypoint", "/bin/bash", image("mongo:6.0"), "-c", script],
  ]);
  const url = `mongodb://bench:${password}@${host}:${port}/?authSource=admin&directConnection=true`;
  const client = new MongoClient(url);
  try {
    // Majority writes are the default from here on, for all tools.
    await bootstrapMongo({
      connection: { host, port, database: "admin", user: "bench", password },
      container,
      replicaSetMember: "mongodb:27017",
    });
    await client.connect();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    client,
    ourUrl: (database) => `mongodb://bench:${password}@${host}:${port}/${database}`,
    make: () => Promise.resolve(freshName()),
    async remove(database) {
      await client.db(database).dropDatabase();
      await client.db(`${database}_ledger`).dropDatabase();
      // Files of dropped collections go with the next checkpoint, which is not to fall into the next tool's time.
      await client.db("admin").command({ fsync: 1 });
    },
    async stop() {
      await client.close();
      await stop();
    },
  };
}

const image = (name: string) => `localhost/trading-db/${name}`;

async function start(name: string, port: number, args: string[]) {
  const container = `bench-${name.split(":")[0]}-${randomBytes(4).toString("hex")}`;
  const stop = async () => void (await run("docker", ["rm", "--force", "--volumes", container]));
  try {
    await run("docker", ["run", "--detach", "--name", container, "--publish", `${host}::${port}`, ...args]);
    const { stdout } = await run("docker", ["port", container, String(port)]);
    return { container, port: Number(stdout.trim().split(":").at(-1)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function until(attempt: () => Promise<unknown>): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; await sleep(200)) {
    try {
      return void (await attempt());
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}
