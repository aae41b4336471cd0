// umzug with pg, by its documentation: a resolver for .sql, a storage of one's own, and a transaction for each file.
// Usage: node umzug-postgres.mjs FOLDER, with DATABASE_URL
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import pg from "pg";
import { Umzug } from "umzug";

const require = createRequire(import.meta.url);
const [cwd] = process.argv.slice(2);
const client = new pg.Client(process.env.DATABASE_URL);

async function inTransaction(work) {
  await client.query("BEGIN");
  try {
    await work();
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

const umzug = new Umzug({
  migrations: {
    glob: ["*.{sql,js}", { cwd }],
    resolve: ({ name, path, context }) => ({
      name,
      up: () =>
        inTransaction(() =>
          path.endsWith(".sql") ? context.query(readFileSync(path, "utf8")) : require(path).up(context),
        ),
    }),
  },
  context: client,
  storage: {
    async executed({ context }) {
      await context.query("CREATE TABLE IF NOT EXISTS umzug (name text PRIMARY KEY)");
      return (await context.query("SELECT name FROM umzug ORDER BY name")).rows.map(({ name }) => name);
    },
    async logMigration({ name, context }) {
      await context.query("INSERT INTO umzug (name) VALUES ($1)", [name]);
    },
    async unlogMigration({ name, context }) {
      await context.query("DELETE FROM umzug WHERE name = $1", [name]);
    },
  },
  logger: console,
});

await client.connect();
await umzug.up();
await client.end();
