import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { BSON, type Db, type Document, MongoClient } from "mongodb";
import { type Server, startMongoServer, until } from "./schemaServers.ts";

const mongoFolder = "schema/mongodb";

export interface TradingMongo extends Server {
  database: Db;
}

export interface Seed {
  collection: string;
  documents: (Document & { _id: string })[];
}

/**
 * A replica set of one with the trading database: migrations, and the seed sets named.
 * It stands in for the migrator, whose contract with the files of schema/ is all here.
 */
export async function startTradingMongo(...seedSets: string[]): Promise<TradingMongo> {
  const server = await startMongoServer();
  const client = new MongoClient(`mongodb://127.0.0.1:${server.port}/?directConnection=true`);
  const remove = async () => {
    await client.close();
    await server.remove();
  };
  try {
    await until(() => client.connect());
    const members = [{ _id: 0, host: "127.0.0.1:27017" }];
    await client.db("admin").command({ replSetInitiate: { _id: "rs0", members } });
    await until(async () => {
      const { isWritablePrimary } = await client.db("admin").command({ hello: 1 });
      if (!isWritablePrimary) throw new Error("The replica set of one has no primary.");
    });
    const database = client.db("trading_configs");
    for (const { steps } of await readMongoMigrations()) {
      for (const step of steps) await database.command(step);
    }
    for (const { collection, documents } of seedSets.flatMap((set) => readMongoSeeds(set))) {
      await database.collection<Document & { _id: string }>(collection).insertMany(documents);
    }
    return { ...server, database, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The migrations in order, without their companions; each step is a database command. */
export async function readMongoMigrations(): Promise<{ name: string; steps: Document[] }[]> {
  const directory = join(mongoFolder, "migrations");
  const names = readdirSync(directory)
    .filter((name) => /^\w+\.ts$/.test(name))
    .sort();
  return Promise.all(
    names.map(async (name) => ({ name, steps: (await import(resolve(directory, name))).default as Document[] })),
  );
}

/** The seeds of a set in order, as BSON types. */
export function readMongoSeeds(set: string): Seed[] {
  const directory = join(mongoFolder, "seeds", set);
  return readdirSync(directory)
    .sort()
    .map((name) => BSON.EJSON.parse(readFileSync(join(directory, name), "utf8")) as Seed);
}
