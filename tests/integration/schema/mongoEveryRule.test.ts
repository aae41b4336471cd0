import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Document } from "mongodb";
import { type TradingMongo, readMongoMigrations, startTradingMongo } from "../../support/schemaMongo.ts";
import { cases, fieldsOf, isObject, variant } from "../../support/schemaMongoCases.ts";
import { changed } from "../../support/schemaMongoRefusals.ts";
import { rulesOf } from "../../support/schemaMongoSchemas.ts";

jest.setTimeout(300_000);

let server: TradingMongo;
const validators: Record<string, Document[]> = {};
beforeAll(async () => {
  server = await startTradingMongo();
  for (const { steps } of await readMongoMigrations()) {
    for (const { create, validator } of steps) if (create) validators[create] = validator.$and;
  }
});
afterAll(() => server?.remove());

/** Everything that mongoRules and mongoFields try: the cases, and each field of another type, left out, or with company. */
function tried(collection: string): Document[] {
  const { nonsense = [], sound = [] } = Object.fromEntries(cases)[collection] ?? {};
  const named = [...nonsense, ...sound].map(([id, changes]) => variant(id, changes));
  const fields = fieldsOf(collection).flatMap(({ document, path, value }) => [
    ...(path === "" ? [document] : [/nonsense/, undefined].map((each) => changed(document, { [path]: each }))),
    ...(isObject(value) ? [changed(document, { [path === "" ? "Nonsense" : `${path}.Nonsense`]: 1 })] : []),
  ]);
  return [...named, ...fields];
}

/** A document is always an object; oneOf restricts status too, but only its own enum gives a message that says so. */
const idle = ["bsonType", "properties.status.enum"];

test.each(cases)("every rule in the schema of %s refuses something that is tried", async (collection) => {
  const documents = server.database.collection<Document & { _id: number }>(`tried_${collection}`);
  await documents.insertMany(tried(collection).map((document, _id) => ({ _id, document })));
  const taken = async (schema: Document) => {
    const found = documents.find({ $jsonSchema: { properties: { document: schema } } }, { projection: { _id: 1 } });
    return JSON.stringify((await found.toArray()).map(({ _id }) => _id));
  };
  const schema = validators[collection]?.[0]?.$jsonSchema;
  const whole = await taken(schema);
  const untried: string[] = [];
  // A rule whose absence changes nothing is one that nothing tries.
  for (const { name, schema: lacking } of rulesOf(schema)) if ((await taken(lacking)) === whole) untried.push(name);
  expect(untried.filter((name) => !idle.includes(name))).toEqual([]);
});

test.each(cases)("every clause beside the schema of %s is broken by itself", (collection, { nonsense }) => {
  const broken = nonsense.filter(([, , rules]) => rules.length === 1).map(([, , [rule]]) => rule);
  const clauses = (validators[collection] ?? []).slice(1).map((_, index) => `clause ${index + 1}`);
  expect(broken).toEqual(expect.arrayContaining(clauses));
});
