import { BSON, type Db, type Document } from "mongodb";
import type { Catalog } from "../types.ts";

/**
 * All collections, views, validators and indexes, by name, with their definitions: see ../catalog.ts for their form.
 * The index of _id is left out: each collection has it, and nobody can change it.
 */
export async function readMongoCatalog(database: Db): Promise<Catalog> {
  // Patterns as the server has them: JavaScript doesn't know all of PCRE.
  const found = await database.listCollections({}, { bsonRegExp: true }).toArray();
  const described = found.filter(({ name }) => !name.startsWith("system.")).map((info) => describe(database, info));
  const entries = (await Promise.all(described)).flat();
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

type Entry = [key: string, definition: string];

async function describe(database: Db, { name, type, options = {} }: Document): Promise<Entry[]> {
  const { validator, validationLevel, validationAction, viewOn, pipeline, ...others } = options;
  if (type === "view") return [[`view ${name}`, `${lines({ on: viewOn, ...others })}\n\n${text(pipeline)}`]];
  const entries: Entry[] = [[`collection ${name}`, lines(others)]];
  // An empty one, which is how a validator is taken away, lets everything in.
  if (Object.keys(validator ?? {}).length > 0) {
    const rules = `level ${validationLevel ?? "strict"}, action ${validationAction ?? "error"}`;
    entries.push([`validator ${name}`, `${rules}\n\n${text(validator)}`]);
  }
  for (const index of await indexesOf(database, name)) {
    if (index.name === "_id_") continue;
    entries.push([`index ${name}.${index.name}`, [`on ${json(index.key)}`, lines(index)].filter(Boolean).join("\n")]);
  }
  return entries;
}

function indexesOf(database: Db, collection: string): Promise<Document[]> {
  return database.collection(collection).listIndexes({ bsonRegExp: true }).toArray();
}

const notOptions = new Set(["name", "key", "v", "ns"]);

/** One line for each option. A flag that is off is as good as none. */
function lines(options: Document): string {
  return Object.keys(options)
    .filter((option) => !notOptions.has(option) && options[option] !== false)
    .sort()
    .map((option) => (options[option] === true ? option : `${option} ${json(options[option])}`))
    .join("\n");
}

// The order of fields stays as it is: that of a key or of a document in a condition matters.
const json = (value: unknown) => BSON.EJSON.stringify(value, { relaxed: true });
const text = (value: unknown) => BSON.EJSON.stringify(value, undefined, 2, { relaxed: true });
