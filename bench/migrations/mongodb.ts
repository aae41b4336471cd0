import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Contest } from "./contest.ts";
import { definitions, notes, writeFolder, type Sizes, type Step } from "./files.ts";
import { thousands } from "./postgresql.ts";
import type { MongoServer } from "./servers.ts";
import type { Tools } from "./tools.ts";

/**
 * The contests on MongoDB.
 * @param root folder for the files of each tool.
 * @param ticks the documents of the bulk seed: a file, and the folder of seeds that has them.
 */
export function mongoContests(
  server: MongoServer,
  { ours, rivals }: Tools,
  root: string,
  sizes: Sizes,
  ticks: { ndjson: string; folder: string },
): Contest[] {
  const { client, url, make, remove } = server;
  const inCollection = (database: string, name: string) => client.db(database).collection(name).countDocuments();
  const env = (database: string) => ({ MONGO_URL: url, MONGO_DATABASE: database });

  const us = (verb: "up" | "seed", folder: string, collection: string): Contender => ({
    tool: "ours",
    command: (database) => ({
      program: process.execPath,
      args: ["cli/migrate.ts", "--directory", folder, verb],
      cwd: ours,
      env: { DATABASE_URL: server.ourUrl(database) },
    }),
    ledger: (database) => inCollection(`${database}_ledger`, collection),
  });
  const umzug = (folder: string): Contender => ({
    tool: "umzug",
    command: (database) => ({
      program: process.execPath,
      args: [join(rivals, "umzug-mongo.mjs"), folder],
      env: env(database),
    }),
    ledger: (database) => inCollection(database, "umzug"),
  });
  const config = join(root, "migrate-mongo-config.js");
  writeFileSync(config, migrateMongoConfig);
  const migrateMongo = (folder: string): Contender => ({
    tool: "migrate-mongo",
    command: (database) => ({
      program: process.execPath,
      args: [join(rivals, "node_modules/migrate-mongo/bin/migrate-mongo.js"), "up", "--file", config],
      env: { ...env(database), MIGRATIONS: folder },
    }),
    ledger: (database) => inCollection(database, "changelog"),
  });

  /** The same steps as the files of each tool. */
  const migrators = (name: string, steps: Step[]) => {
    const folder = (tool: string, form: (command: string) => string, extension = "js") =>
      writeFolder(root, `${name}-${tool}`, steps, ({ command }, number) => [
        `${number}_make_${number}.${extension}`,
        form(JSON.stringify(command)),
      ]);
    const typed = (command: string) =>
      `import type { MongoSteps } from "../../../migrator/mongodb/command.ts";\n\nexport default [${command}] satisfies MongoSteps;\n`;
    return [
      us("up", folder("mongo-ours", typed, "ts"), "migrations"),
      umzug(folder("mongo-umzug", (command) => `exports.up = ({ context: db }) => db.command(${command});\n`)),
      migrateMongo(folder("migrate-mongo", (command) => `module.exports = { up: (db) => db.command(${command}) };\n`)),
    ];
  };
  const bare = join(root, "definitions-bare.json");
  writeFileSync(bare, JSON.stringify(definitions(sizes.migrations).map(({ command }) => command)));
  const bulk = (name: string, up: string) =>
    writeFolder(root, `ticks-${name}`, [{ sql: "", command: {} }], () => [
      "0001_ticks.js",
      `${insertInBatches(ticks.ndjson)}${up}`,
    ]);
  const trades = async (database: string) =>
    (
      await client
        .db(database)
        .listCollections({ name: /^trades_/ }, { nameOnly: true })
        .toArray()
    ).length;

  return [
    {
      title: `MongoDB: ${thousands(sizes.migrations)} migrations`,
      baseline: "bare driver",
      contenders: [
        ...migrators("definitions", definitions(sizes.migrations)),
        {
          tool: "bare driver",
          command: (database) => ({
            program: process.execPath,
            args: [join(rivals, "bare-mongo.mjs"), bare],
            env: env(database),
          }),
        },
      ],
      again: false,
      make,
      remove,
      count: trades,
      wanted: { count: sizes.migrations, ledger: sizes.migrations },
    },
    {
      title: `MongoDB: nothing to do, ${thousands(sizes.applied)} applied`,
      contenders: migrators("notes", notes(sizes.applied)),
      again: true,
      make,
      remove,
      // The first file makes the collection.
      count: async (database) => 1 + (await inCollection(database, "notes")),
      wanted: { count: sizes.applied, ledger: sizes.applied },
    },
    {
      title: `MongoDB: ${thousands(sizes.rows)} documents`,
      baseline: "mongoimport",
      contenders: [
        us("seed", ticks.folder, "seeds"),
        umzug(bulk("mongo-umzug", "exports.up = ({ context: db }) => insert(db);\n")),
        migrateMongo(bulk("migrate-mongo", "module.exports = { up: insert };\n")),
        {
          tool: "mongoimport",
          command: (database) => ({
            program: join(rivals, "mongoimport"),
            // Its URL is an argument that all can see: the server lives for this run alone.
            args: [`--uri=${url}`, `--db=${database}`, "--collection=ticks", `--file=${ticks.ndjson}`, "--quiet"],
          }),
        },
      ],
      again: false,
      async make() {
        const database = await make();
        await client.db(database).createCollection("ticks");
        return database;
      },
      remove,
      count: (database) => inCollection(database, "ticks"),
      wanted: { count: sizes.rows, ledger: 1 },
    },
  ];
}

/** As `migrate-mongo init` writes it, with the values of one run. */
const migrateMongoConfig = `
module.exports = {
  mongodb: { url: process.env.MONGO_URL, databaseName: process.env.MONGO_DATABASE, options: {} },
  migrationsDir: process.env.MIGRATIONS,
  changelogCollectionName: "changelog",
  lockCollectionName: "changelog_lock",
  lockTtl: 0,
  migrationFileExtension: ".js",
  useFileHash: false,
  moduleSystem: "commonjs",
};
`;

/** What users write: insertMany of 1,000 documents. */
const insertInBatches = (ndjson: string) => `
const { readFileSync } = require("node:fs");
const insert = async (db) => {
  const lines = readFileSync(${JSON.stringify(ndjson)}, "utf8").trimEnd().split("\\n");
  for (let start = 0; start < lines.length; start += 1000) {
    const documents = lines.slice(start, start + 1000).map((line) => {
      const document = JSON.parse(line);
      return { ...document, traded_at: new Date(document.traded_at.$date) };
    });
    await db.collection("ticks").insertMany(documents);
  }
};
`;
