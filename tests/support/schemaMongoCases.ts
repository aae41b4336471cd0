import type { Document } from "mongodb";
import { readMongoSeeds } from "./schemaMongo.ts";
import { algorithmNonsense, algorithmSound } from "./schemaMongoAlgorithmCases.ts";
import type { Case, Sound } from "./schemaMongoCase.ts";
import { configNonsense, configSound } from "./schemaMongoConfigCases.ts";
import { type IdDocument, changed } from "./schemaMongoRefusals.ts";
import { simulatorNonsense, simulatorSound } from "./schemaMongoSimulatorCases.ts";

/** What each collection must refuse, and what it must take. */
export const cases: [string, { nonsense: Case[]; sound: Sound[] }][] = [
  ["algorithm_versions", { nonsense: algorithmNonsense, sound: algorithmSound }],
  ["simulator_configs", { nonsense: simulatorNonsense, sound: simulatorSound }],
  ["simulation_configs", { nonsense: configNonsense, sound: configSound }],
];

const seeds = [...readMongoSeeds("default"), ...readMongoSeeds("dev")];
const seeded = seeds.flatMap((seed) => seed.documents);

/** A seeded document with changes: see `changed`. */
export function variant(id: string, changes: Record<string, unknown>): IdDocument {
  return changed(seeded.find(({ _id }) => _id === id) as IdDocument, changes);
}

/** A field of a sound document by its dotted path. */
export interface Field {
  document: IdDocument;
  path: string;
  value: unknown;
}

/**
 * Every field of every seeded document, objects, lists and their elements included; "" is the document itself.
 * Of the other sound documents those that differ from the seeds.
 */
export function fieldsOf(collection: string): Field[] {
  const originals = seeds.filter((seed) => seed.collection === collection).flatMap((seed) => seed.documents);
  const { sound = [] } = Object.fromEntries(cases)[collection] ?? {};
  const fields = sound.flatMap(([id, changes]) =>
    fieldsIn(variant(id, changes)).filter(({ path }) => Object.keys(changes).some((field) => path.startsWith(field))),
  );
  return [...originals.flatMap(fieldsIn), ...fields];
}

function fieldsIn(document: IdDocument): Field[] {
  return pathsIn(document, "").map((path) => {
    const keys = path === "" ? [] : path.split(".");
    return { document, path, value: keys.reduce((node, key) => node[key], document as Document) };
  });
}

function pathsIn(value: unknown, path: string): string[] {
  if (!isObject(value) && !Array.isArray(value)) return [path];
  const children = Object.entries(value as object);
  return [path, ...children.flatMap(([key, child]) => pathsIn(child, path === "" ? key : `${path}.${key}`))];
}

export function isObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Object]" && !("_bsontype" in (value as object));
}
