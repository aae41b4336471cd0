import { previewOn } from "../migrator/preview.ts";
import type { Connection, Engine } from "../migrator/types.ts";
import type { StackOutputs } from "../outputs.ts";
import { listBackups } from "./backups/catalog.ts";
import { mongodbAsAdmin, postgresAs } from "./connections.ts";
import { inspectContainers } from "./containers.ts";
import { dockerDisk } from "./machine.ts";
import { mongodbStatus, postgresStatus, type ServerStatus } from "./serverStatus.ts";

/** One look at a whole stack. What can't be had stands as a problem, so that one dead server does not hide the rest. */
export interface StackStatus {
  /** Whether every container is healthy, both servers answer, and nothing stands against the migrations. */
  healthy: boolean;
  containers: { name: string; state: string; health: string }[];
  databases: Record<Engine, DatabaseStatus>;
  /** Of the file system that holds Docker's volumes; null where that is not on this host. In bytes. */
  disk: { free: number; total: number } | null;
  backups: { number: number; /** Name of the newest proven one. */ lastProven: string | null };
}

export interface DatabaseStatus {
  database: string;
  server: ServerStatus | Problem;
  migrations: MigrationStatus | Problem;
}

export interface MigrationStatus {
  /** The last one applied, "" where there is none. */
  version: string;
  applied: number;
  pending: string[];
  /** Why the next run would apply nothing. */
  refusals: string[];
}

export interface Problem {
  problem: string;
}

/** Looks at everything at once. Changes nothing. @param place of the stack's backups */
export async function stackStatus(outputs: StackOutputs, place: string): Promise<StackStatus> {
  const [containers, results, configs, disk, backups] = await Promise.all([
    containersOf(outputs),
    databaseStatus("postgresql", postgresAs(outputs, "trading_migrator"), () => postgresStatus(outputs)),
    databaseStatus("mongodb", mongodbAsAdmin(outputs), () => mongodbStatus(outputs)),
    dockerDisk().catch(() => undefined),
    listBackups(place),
  ]);
  const databases = { postgresql: results, mongodb: configs };
  const healthy =
    containers.every(({ state, health }) => state === "running" && health === "healthy") &&
    Object.values(databases).every(
      ({ server, migrations }) => !isProblem(server) && !isProblem(migrations) && migrations.refusals.length === 0,
    );
  const proven = backups.find(({ state }) => state === "proven");
  return {
    healthy,
    containers,
    databases,
    disk: disk ? { free: disk.free, total: disk.total } : null,
    backups: { number: backups.length, lastProven: proven?.name ?? null },
  };
}

export function isProblem(found: object): found is Problem {
  return "problem" in found;
}

async function containersOf({
  postgres,
  mongodb,
  adminTools,
  backups,
}: StackOutputs): Promise<StackStatus["containers"]> {
  const tools = adminTools === null ? [] : [adminTools.pgadmin, adminTools.mongoExpress];
  const names = [postgres, mongodb, ...tools, ...(backups ? [backups] : [])].map(({ container }) => container);
  const found = new Map((await inspectContainers(names)).map((facts) => [facts.name, facts]));
  return names.map((name) => {
    const { state = "missing", health = "none" } = found.get(name) ?? {};
    // A container that does not run keeps the health that it had last.
    return { name, state, health: state === "running" ? health : "none" };
  });
}

async function databaseStatus(
  engine: Engine,
  connection: Connection,
  ask: () => Promise<ServerStatus>,
): Promise<DatabaseStatus> {
  const [server, migrations] = await Promise.all([
    orProblem(ask),
    orProblem(() => migrationStatus(engine, connection)),
  ]);
  return { database: connection.database, server, migrations };
}

async function migrationStatus(engine: Engine, connection: Connection): Promise<MigrationStatus> {
  const { reviews, refusals, ledger } = await previewOn(engine, connection, `schema/${engine}/migrations`);
  return {
    version: ledger.version,
    applied: ledger.migrations.length,
    pending: reviews.map(({ name }) => name),
    refusals,
  };
}

async function orProblem<T>(ask: () => Promise<T>): Promise<T | Problem> {
  try {
    return await ask();
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
