import { existsSync } from "node:fs";
import { join } from "node:path";
import { findDrift } from "../../migrator/drift.ts";
import { listed, messageOf } from "../../migrator/errors.ts";
import { readMigrations } from "../../migrator/files.ts";
import { editedFiles } from "../../migrator/plan.ts";
import { previewOn, type Preview } from "../../migrator/preview.ts";
import { readLedger } from "../../migrator/run.ts";
import type { Connection, Engine } from "../../migrator/types.ts";
import type { StackOutputs } from "../../outputs.ts";
import { mongodbAsAdmin, postgresAs } from "../connections.ts";
import { setUp, tradingDb, type Check, type Fault } from "./check.ts";

const DATABASES = { postgresql: "PostgreSQL", mongodb: "MongoDB" };

/** Whether files, ledger and schema of a database fit. */
export function migrationChecks(engine: Engine, stack: string, outputs: StackOutputs): Check[] {
  const connection = engine === "postgresql" ? postgresAs(outputs, "trading_migrator") : mongodbAsAdmin(outputs);
  return [
    { name: `${DATABASES[engine]} has all migrations`, look: () => findPending(engine, stack, outputs, connection) },
    {
      name: `${DATABASES[engine]}'s schema is what its migrations made`,
      async look() {
        const drift = await findDrift(engine, connection).catch((error: unknown) => [messageOf(error)]);
        if (drift.length === 0) return undefined;
        return {
          problem: `Somebody changed it: ${drift.join("; ")}. Take that back, or make it a migration.`,
          // What was meant by it, only who changed it knows.
          cure: `npm run migrate -- --engine ${engine} drift`,
        };
      },
    },
  ];
}

async function findPending(
  engine: Engine,
  stack: string,
  outputs: StackOutputs,
  connection: Connection,
): Promise<Fault | undefined> {
  const directory = `schema/${engine}/migrations`;
  const ledger = await readLedger(engine, connection);
  const bringBack = (names: string[]) =>
    names.map((name) => `${appliedText(engine, stack, outputs, name)} > ${directory}/${name}`).join(" && ");
  const missing = ledger.migrations.map(({ name }) => name).filter((name) => !existsSync(join(directory, name)));
  let preview: Preview;
  try {
    preview = await previewOn(engine, connection, directory);
  } catch (error) {
    return { problem: messageOf(error), cure: bringBack(missing) || `pulumi preview --stack ${stack}` };
  }
  const { reviews, refusals } = preview;
  if (refusals.length > 0) {
    const edited = editedFiles(readMigrations(engine, directory), ledger).map(({ name }) => name);
    const cure = bringBack([...missing, ...edited]) || `pulumi preview --stack ${stack}`;
    return { problem: refusals.join(" "), cure };
  }
  if (reviews.length === 0) return undefined;
  const names = listed(reviews.map(({ name }) => name));
  return { problem: `${names} ${reviews.length === 1 ? "is" : "are"} not applied.`, cure: setUp(stack) };
}

/** A command that prints a migration as it was applied: the ledger keeps it. */
function appliedText(engine: Engine, stack: string, { postgres }: StackOutputs, name: string): string {
  if (engine === "postgresql") {
    const query = `SELECT text FROM trading_ledger.migrations WHERE name = '${name}'`;
    return `docker exec ${postgres.container} psql -U postgres -d ${postgres.database} -Atc "${query}"`;
  }
  const ledger = 'db.getSiblingDB("trading_configs_ledger")';
  return tradingDb(stack, `mongosh --quiet --eval 'print(${ledger}.migrations.findOne({ _id: "${name}" }).text)'`);
}
