// umzug with its own storage for MongoDB. Usage: node umzug-mongo.mjs FOLDER, with MONGO_URL and MONGO_DATABASE
import { MongoClient } from "mongodb";
import { MongoDBStorage, Umzug } from "umzug";

const [cwd] = process.argv.slice(2);
const client = await new MongoClient(process.env.MONGO_URL).connect();
const database = client.db(process.env.MONGO_DATABASE);
const umzug = new Umzug({
  migrations: { glob: ["*.js", { cwd }] },
  context: database,
  storage: new MongoDBStorage({ collection: database.collection("umzug") }),
  logger: console,
});
await umzug.up();
await client.close();
