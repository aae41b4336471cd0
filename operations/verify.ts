import type { ClientSession, MongoClient } from "mongodb";
import { connectMongo } from "../migrator/mongodb/connection.ts";
import { connectPostgres } from "../migrator/postgresql/connection.ts";
import { findDrift } from "../migrator/drift.ts";
import { listMigrations, listSeeds } from "../migrator/files.ts";
import { readLedger } from "../migrator/run.ts";
import type { Connection, Engine } from "../migrator/types.ts";
import type { StackOutputs } from "../outputs.ts";
import { askMongoExpress, askPgAdmin } from "./adminTools.ts";
import { mongodbAsAdmin, mongodbAsBackup, mongodbAsService, postgresAs } from "./connections.ts";
import { UserError } from "./errors.ts";

/** One thing that was tried, and what came of it. */
export interface Check {
  name: string;
  /** Undefined when it held, else what was found instead. */
  problem: string | undefined;
  seconds: number;
}

/**
 * Tries a stack's databases as their users would: over TCP, with each password, reading, writing and being refused.
 * Changes nothing: every write is rolled back.
 *
 * @param onCheck called as each check ends
 */
export async function verify(outputs: StackOutputs, onCheck: (check: Check) => void = () => {}): Promise<Check[]> {
  const checks: Check[] = [];
  const attempt = async (name: string, act: () => Promise<void>) => {
    const started = performance.now();
    let problem: string | undefined;
    try {
      await act();
    } catch (error) {
      problem = (error as Error).message;
    }
    const check = { name, problem, seconds: (performance.now() - started) / 1000 };
    checks.push(check);
    onCheck(check);
  };

  const { postgres, mongodb } = outputs;
  const results = (role: keyof typeof postgres.passwords) => postgresAs(outputs, role);
  for (const role of ["trading_migrator", "trading_user", "trading_readonly", "trading_replicator"] as const) {
    // Who streams the server's log may not connect to the users' database.
    const database = role === "trading_replicator" ? "postgres" : postgres.database;
    await attempt(`PostgreSQL answers ${role}`, () => queryPostgres({ ...results(role), database }, "SELECT 1"));
  }
  await attempt("PostgreSQL has its schema", () => compareVersion("postgresql", results("trading_user")));
  await attempt("PostgreSQL's schema is what its migrations made", () =>
    refuseDrift("postgresql", results("trading_user")),
  );
  await attempt("PostgreSQL has its seeds", () => compareSeeds("postgresql", results("trading_user"), postgres.seeds));
  await attempt("trading_user can write", () => writeAndRollBack(results("trading_user")));
  await attempt("trading_user can't change the schema", () =>
    mustBeRefused(() => queryPostgres(results("trading_user"), "CREATE TABLE verify (a int)"), "42501", "CREATE TABLE"),
  );
  await attempt("trading_readonly can't write", () =>
    mustBeRefused(() => queryPostgres(results("trading_readonly"), "DELETE FROM simulation_runs"), "42501", "DELETE"),
  );

  const admin = mongodbAsAdmin(outputs);
  const service = mongodbAsService(outputs);
  await attempt("MongoDB answers admin", () =>
    withMongo(admin, async (client) => {
      await client.db("admin").command({ replSetGetStatus: 1 });
    }),
  );
  await attempt("MongoDB has its schema", () => compareVersion("mongodb", admin));
  await attempt("MongoDB's schema is what its migrations made", () => refuseDrift("mongodb", admin));
  await attempt("MongoDB has its seeds", () => compareSeeds("mongodb", admin, mongodb.seeds));
  await attempt(`${mongodb.user} can write`, () =>
    writeAndAbort(service, async (client, session) => {
      await client.db(mongodb.database).collection("simulator_configs").deleteMany({}, { session });
    }),
  );
  if (mongodb.user !== "admin") {
    await attempt(`${mongodb.user} can't write elsewhere`, () =>
      mustBeRefused(
        () =>
          writeAndAbort(service, async (client, session) => {
            await client.db("trading_configs_ledger").collection("migrations").insertOne({}, { session });
          }),
        13,
        "an insert into trading_configs_ledger",
      ),
    );
  }
  const { backups } = outputs;
  if (backups) {
    await attempt(`MongoDB answers ${backups.mongodbUser}`, () =>
      withMongo(mongodbAsBackup(outputs, backups), async (client) => {
        await client.db("local").collection("oplog.rs").findOne();
      }),
    );
  }
  if (outputs.adminTools !== null) {
    const { pgadmin, mongoExpress } = outputs.adminTools;
    await attempt("PgAdmin lets in who has its password", () => askPgAdmin(pgadmin));
    await attempt("Mongo Express answers who has its password, and nobody else", () => askMongoExpress(mongoExpress));
  }
  return checks;
}

async function queryPostgres(connection: Connection, statement: string): Promise<void> {
  const client = await connectPostgres(connection);
  try {
    await client.query("BEGIN");
    await client.query(statement);
    await client.query("ROLLBACK");
  } finally {
    await client.end();
  }
}

function writeAndRollBack(connection: Connection): Promise<void> {
  return queryPostgres(
    connection,
    `INSERT INTO simulation_runs (run_uid, name, run_type, config_id, config_hash, algorithm_name, algorithm_version,
       algorithm_hash, simulator_name, simulator_version, simulator_hash, engine_version, dataset_version, random_seed,
       symbols, timeframe, period_start, period_end, account_currency, account_type, starting_equity, periods_per_year)
     VALUES (gen_random_uuid(), 'verify', 'backtest', 'verify', repeat('0', 64), 'verify', '1.0.0',
       repeat('0', 64), 'verify', '1.0.0', repeat('0', 64), '1.0.0', 'verify', 1,
       '{SPY}', '1d', '2024-01-01Z', '2024-12-31Z', 'USD', 'cash', 100000, 252)`,
  );
}

async function withMongo(connection: Connection, act: (client: MongoClient) => Promise<void>): Promise<void> {
  const client = await connectMongo(connection);
  try {
    await act(client);
  } finally {
    await client.close();
  }
}

/** Writes in a transaction that is never committed. */
function writeAndAbort(
  connection: Connection,
  write: (client: MongoClient, session: ClientSession) => Promise<void>,
): Promise<void> {
  return withMongo(connection, async (client) => {
    const session = client.startSession();
    try {
      session.startTransaction();
      await write(client, session);
      await session.abortTransaction();
    } finally {
      await session.endSession();
    }
  });
}

async function compareVersion(engine: Engine, connection: Connection): Promise<void> {
  const wanted = listMigrations(engine, `schema/${engine}/migrations`).at(-1)?.name ?? "";
  const { version } = await readLedger(engine, connection);
  if (version !== wanted)
    throw new UserError(`its schema is ${version || "empty"}, but the files end with ${wanted}. Migrate it: pulumi up`);
}

async function refuseDrift(engine: Engine, connection: Connection): Promise<void> {
  const drift = await findDrift(engine, connection);
  if (drift.length > 0)
    throw new UserError(`somebody changed it: ${drift.join("; ")}. Take that back, or make it a migration`);
}

async function compareSeeds(engine: Engine, connection: Connection, promised: string[]): Promise<void> {
  const wanted = listSeeds(engine, `schema/${engine}/seeds`, ["default"]).map(({ name }) => name);
  const { seeds } = await readLedger(engine, connection);
  const present = new Set(seeds.map(({ name }) => name));
  const missing = [...new Set([...wanted, ...promised])].filter((name) => !present.has(name));
  if (missing.length > 0) throw new UserError(`these seeds are missing: ${missing.join(", ")}. Insert them: pulumi up`);
}

/** @param code what the server answers to somebody who lacks the privilege */
async function mustBeRefused(act: () => Promise<void>, code: string | number, what: string): Promise<void> {
  try {
    await act();
  } catch (error) {
    if ((error as { code?: unknown }).code === code) return;
    throw error;
  }
  throw new UserError(`${what} was not refused`);
}
