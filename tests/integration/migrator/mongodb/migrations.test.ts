import { describe, expect, jest, test } from "@jest/globals";
import { type Db, type MongoClient } from "mongodb";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import type { Connection } from "../../../../migrator/types.ts";
import type { Server } from "../../../support/databases.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, write } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const engine = "mongodb";
const create = `export default [{ create: "runs", validator: { name: { $type: "string" } } }];\n`;
const index = `export default [{ createIndexes: "runs", indexes: [{ key: { name: 1 }, name: "name", unique: true }] }];\n`;

let server: Server;
let connection: Connection;
let client: MongoClient;
let database: Db;
useMongo((fresh) => {
  ({ server, connection, client } = fresh);
  database = client.db(connection.database);
});

const collections = async () => (await database.listCollections().toArray()).map(({ name }) => name).sort();
const indexes = async () => (await database.collection("runs").indexes()).map(({ name }) => name);
const owner = async () => {
  const locks = client.db(`${connection.database}_ledger`).collection<{ _id: string; owner: string | null }>("lock");
  return (await locks.findOne({ _id: "lock" }))?.owner;
};

describe("migrations", () => {
  test("are applied in order and recorded, and a second run changes nothing", async () => {
    const directory = folder({ "0001_create_runs.ts": create, "0002_index_runs.ts": index });
    const request = migrationsOf(engine, connection, directory);
    const done = { version: "0002_index_runs.ts", applied: ["0001_create_runs.ts", "0002_index_runs.ts"] };

    expect(await migrate(engine, request)).toMatchObject(done);
    const first = await readLedger(engine, connection);
    expect(first.migrations.map(({ name, checksum }) => ({ name, checksum }))).toEqual(request.migrations);
    expect(await collections()).toEqual(["runs"]);
    expect(await indexes()).toEqual(["_id_", "name"]);
    expect(await owner()).toBeNull();

    expect(await migrate(engine, request)).toMatchObject(done);
    expect(await readLedger(engine, connection)).toEqual(first);
  });

  test("stop at a step that fails, which names file, step, command and what is in place, and go on when it is mended", async () => {
    const directory = folder({
      "0001_create_runs.ts": create,
      "0002_index_runs.ts": `export default [
        { createIndexes: "runs", indexes: [{ key: { name: 1 }, name: "name" }] },
        { createIndexes: "runs", indexes: [{ key: { name: 1 }, name: "name", unique: true }] },
      ];`,
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      "0002_index_runs.ts step 2 (createIndexes): An existing index has the same name as the requested index. " +
        "When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. " +
        'Requested index: { v: 2, unique: true, key: { name: 1 }, name: "name" }, existing index: { v: 2, key: { name: 1 }, name: "name" }; ' +
        "0001_create_runs.ts was applied before it, " +
        "step 1 of 0002_index_runs.ts is done, and will not be run again. Mend step 2, and run `pulumi up` again.",
    );
    expect((await readLedger(engine, connection)).version).toBe("0001_create_runs.ts");
    expect(await owner()).toBeNull();

    write(directory, { "0003_more.ts": create, "0002_index_runs.ts": index.replace(", unique: true", "") });
    const { version } = await migrate(engine, migrationsOf(engine, connection, directory));
    expect(version).toBe("0003_more.ts");
  });

  test("are made of commands that change the database in known ways, and of no others", async () => {
    const directory = folder({
      "0001_create_runs.ts": create,
      "0002_merge_runs.ts": "export default [{ aggregate: 'runs', pipeline: [] }];",
    });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      "0002_merge_runs.ts step 1 is aggregate. A migration is made of create, collMod, createIndexes, drop, dropIndexes, " +
        "renameCollection, insert, update and delete. Nothing was applied.",
    );
    expect(await collections()).toEqual([]);
  });

  test("can be passed again: creating what exists sets its validation, dropping what is gone is done", async () => {
    await database.createCollection("runs");
    const directory = folder({
      "0001_create_runs.ts": `// migrate: allow drop-index: it is not there
// migrate: allow drop-collection: it is not there
export default [
        { create: "runs", validator: { name: { $type: "string" } }, validationLevel: "strict", validationAction: "error" },
        { create: "runs" },
        { dropIndexes: "runs", index: "gone" },
        { drop: "gone" },
      ];`,
    });
    await migrate(engine, migrationsOf(engine, connection, directory));
    const [runs] = await database.listCollections({ name: "runs" }).toArray();
    expect(runs).toMatchObject({
      options: { validator: { name: { $type: "string" } }, validationLevel: "strict", validationAction: "error" },
    });
  });

  test("that don't fit the ledger are refused", async () => {
    const directory = folder({ "0001_create_runs.ts": create });
    await migrate(engine, migrationsOf(engine, connection, directory));
    expect(
      await refusal(migrate(engine, migrationsOf(engine, connection, folder({ "0001_make_runs.ts": create })))),
    ).toBe("0001_create_runs.ts was applied, and is now called 0001_make_runs.ts. Give it its old name back.");
  });

  test.each([
    ["import { x } from './x.ts';\nexport default [];", "can't be run (Cannot use import statement outside a module)"],
    ["export default [{ create: require('fs') }];", "can't be run (require is not defined)"],
    ["export default [{ create: () => 'runs' }];", "can't be run (() => 'runs' could not be cloned.)"],
    ["export default [", "can't be run (Expression expected)"],
    ["export default { create: 'runs' };", "does not export an array of commands"],
    ["export default [];", "exports an array without commands"],
    ["export default [{ create: 'runs' }, 'drop'];", "has a step 2 that is not a command"],
  ])("like %j are refused before anything is applied", async (text, reason) => {
    const directory = folder({ "0001_create_runs.ts": create, "0002_wrong.ts": text });
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, directory)))).toBe(
      `0002_wrong.ts ${reason}. A migration is a file with \`export default [ ...commands ]\`, ` +
        'each like { createIndexes: "runs", indexes: [...] }, and with no imports but `import type`.',
    );
    expect(await collections()).toEqual([]);
  });
});

describe("a connection", () => {
  test("whose password is refused names the way back", async () => {
    const message = await refusal(readLedger(engine, { ...connection, password: "wrong-password" }));
    expect(message).toBe(
      `MongoDB at 127.0.0.1:${server.port} refuses the password of admin. Somebody changed it, its volume was made with another one, or its first ` +
        "start was killed before the user was made. `npm run recover:mongodb` sets the password that this stack has; no data are lost.",
    );
  });

  test("that nobody answers says so", async () => {
    expect(await refusal(readLedger(engine, { ...connection, port: 1 }))).toBe(
      "MongoDB at 127.0.0.1:1 can't be reached: connect ECONNREFUSED 127.0.0.1:1. Start it: `pulumi up --refresh`.",
    );
  });
});
