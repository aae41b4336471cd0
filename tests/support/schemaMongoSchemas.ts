import type { Document } from "mongodb";

/** A rule of a schema, and that schema without it. */
export interface Rule {
  /** Where it stands in the schema, such as `properties.name.minLength`. */
  name: string;
  schema: Document;
}

/** Every rule of a schema; each field that is required, and each that depends on another, is one. */
export function rulesOf(schema: Document): Rule[] {
  return placesIn(schema, []).map((place) => ({ name: place.join("."), schema: withoutRule(schema, place) }));
}

/** Keywords that hold schemas by name or number, and those that hold rules so. */
const holders = ["properties", "patternProperties", "oneOf", "anyOf"];
const lists = ["required", "dependencies"];

function placesIn(schema: Document, path: string[]): string[][] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const place = [...path, keyword];
    const parts = Object.entries(value).map(([part, inner]) => ({ place: [...place, part], inner }));
    if (keyword === "description") return [];
    if (keyword === "items") return placesIn(value, place);
    if (lists.includes(keyword)) return parts.map((part) => part.place);
    const inside = holders.includes(keyword)
      ? parts.flatMap((part) => placesIn(part.inner as Document, part.place))
      : [];
    return keyword.endsWith("roperties") && holders.includes(keyword) ? inside : [place, ...inside];
  });
}

function withoutRule(schema: Document, place: string[]): Document {
  // Parts of a schema may be one object in several places; a copy has one of its own in each.
  const copy = JSON.parse(JSON.stringify(schema));
  const at = (path: string[]) => path.reduce((node, key) => node[key], copy);
  const node = at(place.slice(0, -1));
  const key = place.at(-1) as string;
  if (Array.isArray(node)) node.splice(Number(key), 1);
  else delete node[key];
  // MongoDB refuses an empty list, and an exclusive bound without the bound.
  if (key === "minimum") delete node.exclusiveMinimum;
  if (Array.isArray(node) && node.length === 0) delete at(place.slice(0, -2))[place.at(-2) as string];
  return copy;
}
