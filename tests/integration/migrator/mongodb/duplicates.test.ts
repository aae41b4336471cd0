import { expect, jest, test } from "@jest/globals";
import type { Db, Document } from "mongodb";
import { dangersOf } from "../../../../migrator/mongodb/dangers.ts";
import { useMongo } from "../../../support/migratorDatabases.ts";

jest.setTimeout(300_000);

let database: Db;
useMongo(({ client, connection }) => {
  database = client.db(connection.database);
});

/** What the linter's advice finds before an index is made. */
async function found(index: Document): Promise<unknown[]> {
  const [danger] = dangersOf({ createIndexes: "runs", indexes: [index] }, new Map());
  const advice = /aggregate\((.*)\)\.$/.exec(danger?.message ?? "")?.[1];
  const [stages, options] = JSON.parse(`[${advice}]`);
  const groups = await database.collection("runs").aggregate(stages, options).toArray();
  return groups.map(({ documents }) => [...documents].sort());
}

const index = { key: { a: 1 }, name: "a", unique: true };
test.each<[string, Document[], Document, number[]]>([
  ["an item that two arrays share", [{ a: [1, 2] }, { a: [2, 3] }], index, [0, 1]],
  ["a value that an array has, too", [{ a: [1, 2] }, { a: 2 }], index, [0, 1]],
  ["a field below an array", [{ a: [{ b: 1 }] }, { a: { b: 1 } }], { ...index, key: { "a.b": 1 } }, [0, 1]],
  ["a field that none of them has", [{}, { a: null }], index, [0, 1]],
  [
    "values that are alike in the collation",
    [{ a: "x" }, { a: "X" }],
    { ...index, collation: { locale: "en", strength: 2 } },
    [0, 1],
  ],
  ["nothing in one array", [{ a: [1, 1] }, { a: 2 }], index, []],
  ["nothing without the field of a sparse index", [{}, {}], { ...index, sparse: true }, []],
  ["nothing in values of other case", [{ a: "x" }, { a: "X" }], index, []],
])("the search for duplicates finds %s, as the index does", async (_, documents, index, expected) => {
  const runs = database.collection<{ _id: number }>("runs");
  await runs.insertMany(documents.map((document, number) => ({ ...document, _id: number })));
  expect(await found(index)).toEqual(expected.length > 0 ? [expected] : []);
  const made = await database.command({ createIndexes: "runs", indexes: [index] }).then(
    () => "made",
    ({ codeName }) => codeName,
  );
  expect(made).toBe(expected.length > 0 ? "DuplicateKey" : "made");
});
