// Usage: node postgrator.mjs FOLDER, with DATABASE_URL
import pg from "pg";
import Postgrator from "postgrator";

const [folder] = process.argv.slice(2);
const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
const postgrator = new Postgrator({
  migrationPattern: `${folder}/*`,
  driver: "pg",
  database: client.database,
  execQuery: (query) => client.query(query),
});
console.log(await postgrator.migrate());
await client.end();
