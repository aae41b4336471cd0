import type { Document } from "mongodb";
import { listed } from "../errors.ts";
import { canonicalJson, shortJson } from "./extendedJson.ts";
import { tightenedSchema } from "./jsonSchemas.ts";

/** The fields that every document must have. */
export function requiredFields(validator: Document): string[] {
  return [...new Set(partsOf(validator).schemas.flatMap((schema): string[] => schema.required ?? []))];
}

/**
 * What a new validator asks that an earlier one did not, each as the rest of "the validator ...": "requires kind".
 * It may name more than is so, where the two can't be compared; never less.
 */
export function tightened(before: Document, after: Document): string[] {
  try {
    return compared(before, after);
  } catch {
    // A schema that is out of shape: the server will say so.
    return ["can't be compared with the earlier one"];
  }
}

function compared(before: Document, after: Document): string[] {
  const earlier = partsOf(before);
  const later = partsOf(after);
  const rules = difference(later.rules, earlier.rules).map((rule) => `asks that ${shortJson(rule)}`);
  const schemas = difference(later.schemas, earlier.schemas);
  const gone = difference(earlier.schemas, later.schemas);
  const [schema] = schemas;
  if (schemas.length > 1 || gone.length > 1) {
    return [...rules, ...(schema ? ["has several schemas, which can't be compared with the earlier ones"] : [])];
  }
  return [...rules, ...(schema ? tightenedSchema(gone[0] ?? {}, schema) : [])];
}

/** As part of a sentence, and no longer than one can read. */
export function someOf(changes: readonly string[]): string {
  const most = 5;
  return changes.length > most
    ? `${changes.slice(0, most).join(", ")} and ${changes.length - most} more`
    : listed(changes);
}

/** A validator is a filter: its schemas and its other rules all have to hold, inside `$and` as well. */
function partsOf(validator: Document): { schemas: Document[]; rules: Document[] } {
  const parts = Object.entries(validator).map(([key, value]) => {
    if (key === "$jsonSchema") return { schemas: [value as Document], rules: [] };
    if (key !== "$and" || !Array.isArray(value)) return { schemas: [], rules: [{ [key]: value }] };
    const inner = value.map(partsOf);
    return { schemas: inner.flatMap(({ schemas }) => schemas), rules: inner.flatMap(({ rules }) => rules) };
  });
  return { schemas: parts.flatMap(({ schemas }) => schemas), rules: parts.flatMap(({ rules }) => rules) };
}

function difference(all: readonly Document[], without: readonly Document[]): Document[] {
  const known = new Set(without.map(canonicalJson));
  return all.filter((one) => !known.has(canonicalJson(one)));
}
