import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { connectPostgres } from "../../migrator/postgresql/connection.ts";
import { bootstrapPostgres } from "../../migrator/postgresql/bootstrap.ts";
import { migrate } from "../../migrator/run.ts";
import { seed } from "../../migrator/seedRun.ts";
import { mongodbAsAdmin, postgresAs } from "../../operations/connections.ts";
import type { StackBackups } from "../../operations/backups/ofStack.ts";
import type { StackOutputs } from "../../outputs.ts";
import { freePort, passwords } from "./databases.ts";
import { docker, execute } from "./project.ts";
import { makeScriptedServer, PASSWORD, type ScriptedServer } from "./startScript.ts";

/** Both servers as a stack has them, migrated and seeded, without Pulumi; and a place for backups. */
export interface BackedUp extends StackBackups {
  servers: { postgres: ScriptedServer; mongodb: ScriptedServer };
  /** Network of Docker in which they are reached as `postgres` and `mongodb`. */
  network: string;
  /** All that was told since the last call. */
  told(): string[];
  /** Runs a statement as trading_migrator, who owns all. @returns its rows */
  sql(statement: string): Promise<Record<string, unknown>[]>;
  /** Runs a command in `trading_configs`. */
  command(command: object): Promise<Record<string, unknown>>;
  /** Numbers of trades and of simulator configurations: 127 and 6 as it is made. */
  counts(): Promise<[number, number]>;
  /** Deletes them all. */
  lose(): Promise<void>;
  /** What lies beside the generation that is in use, in PostgreSQL's volume and in MongoDB's. */
  beside(): Promise<[string[], string[]]>;
  remove(): Promise<void>;
}

export async function makeBackedUp(stack = `it-${randomBytes(4).toString("hex")}`): Promise<BackedUp> {
  const undo: (() => Promise<unknown>)[] = [];
  const remove = async () => {
    for (const each of undo.reverse()) await each();
  };
  try {
    const network = `it-network-${stack}`;
    await docker("network", "create", network);
    undo.push(() => execute("docker", ["network", "rm", network]));
    const place = await mkdtemp(join(tmpdir(), "backups-"));
    undo.push(() => rm(place, { recursive: true, force: true }));
    const ports = { postgres: await freePort(), mongodb: await freePort() };
    const make = async (name: "postgres" | "mongodb", port: number, health: string) => {
      const publish = ["--publish", `127.0.0.1:${ports[name]}:${port}`, "--network-alias", name];
      const server = await makeScriptedServer(name, network, [
        ...publish,
        "--health-cmd",
        health,
        "--health-interval",
        "3s",
      ]);
      undo.push(() => server.remove());
      await server.start();
      return server;
    };
    const postgres = await make("postgres", 5432, "pg_isready --quiet --host=127.0.0.1");
    const mongodb = await make("mongodb", 27017, "/bin/bash /data/configdb/mongodb-health.sh");
    const outputs = outputsOf(postgres, mongodb, ports);
    await fill(outputs);

    const words: string[] = [];
    const sql = async (statement: string) => {
      const client = await connectPostgres(postgresAs(outputs, "trading_migrator"));
      try {
        await client.query("SET ROLE trading_owner");
        return (await client.query(statement)).rows as Record<string, unknown>[];
      } finally {
        await client.end();
      }
    };
    const command = async (command: object) => {
      const client = await connectMongo(mongodbAsAdmin(outputs));
      try {
        return await client.db(outputs.mongodb.database).command(command);
      } finally {
        await client.close();
      }
    };
    const besideIn = async (server: ScriptedServer) =>
      (await server.onVolume("ls /volume")).split("\n").filter((name) => name !== "current" && name !== "");
    return {
      stack,
      outputs,
      place,
      key: undefined,
      tell: (sentence) => void words.push(sentence),
      servers: { postgres, mongodb },
      network,
      told: () => words.splice(0),
      sql,
      command,
      async counts() {
        const [trades] = await sql("SELECT count(*)::int FROM trades");
        return [trades!["count"] as number, (await command({ count: "simulator_configs" }))["n"] as number];
      },
      async lose() {
        await sql("DELETE FROM trades");
        await command({ delete: "simulator_configs", deletes: [{ q: {}, limit: 0 }] });
      },
      beside: async () => [await besideIn(postgres), await besideIn(mongodb)],
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fill(outputs: StackOutputs): Promise<void> {
  const { postgres, mongodb } = outputs;
  await bootstrapPostgres({ container: postgres.container, database: postgres.database, passwords });
  await bootstrapMongo({
    connection: mongodbAsAdmin(outputs),
    container: mongodb.container,
    replicaSetMember: "mongodb:27017",
  });
  const each = [
    ["postgresql", postgresAs(outputs, "trading_migrator")],
    ["mongodb", mongodbAsAdmin(outputs)],
  ] as const;
  for (const [engine, connection] of each) {
    await migrate(engine, { connection, directory: `schema/${engine}/migrations` });
    await seed(engine, { connection, directory: `schema/${engine}/seeds`, sets: ["default", "dev"] });
  }
}

function outputsOf(
  postgres: ScriptedServer,
  mongodb: ScriptedServer,
  ports: { postgres: number; mongodb: number },
): StackOutputs {
  const common = { schemaVersion: "", seeds: [], fromNetwork: { host: "", port: 0 } };
  return {
    postgres: {
      ...common,
      container: postgres.container,
      image: postgres.image,
      dataVolume: postgres.volume,
      fromHost: { host: "127.0.0.1", port: ports.postgres },
      database: "trading_results",
      user: "trading_user",
      password: passwords.user,
      passwords: {
        trading_migrator: passwords.migrator,
        trading_user: passwords.user,
        trading_readonly: passwords.readonly,
        trading_replicator: passwords.replicator,
      },
    },
    mongodb: {
      ...common,
      container: mongodb.container,
      image: mongodb.image,
      dataVolume: mongodb.volume,
      fromHost: { host: "127.0.0.1", port: ports.mongodb },
      database: "trading_configs",
      user: "admin",
      password: PASSWORD,
      adminPassword: PASSWORD,
      replicaSet: "rs0",
    },
    environment: {} as StackOutputs["environment"],
    networks: { database: "", service: "" },
    adminTools: null,
    backups: null,
    backupKey: null,
    installation: "0123456789abcdef",
  };
}
