// The baseline: the same commands, one after another, with nothing around them.
// Usage: node bare-mongo.mjs FILE, a JSON array of commands, with MONGO_URL and MONGO_DATABASE
import { readFileSync } from "node:fs";
import { MongoClient } from "mongodb";

const [file] = process.argv.slice(2);
const client = await new MongoClient(process.env.MONGO_URL).connect();
const database = client.db(process.env.MONGO_DATABASE);
for (const command of JSON.parse(readFileSync(file, "utf8"))) await database.command(command);
await client.close();
