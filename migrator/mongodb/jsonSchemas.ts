import type { Document } from "mongodb";
import { canonicalJson, shortJson } from "./extendedJson.ts";

/** Keywords that refuse nothing. */
const silent = ["title", "description", "required", "properties", "additionalProperties", "items", "bsonType", "type"];
const lowerBounds = ["minimum", "minLength", "minItems", "minProperties"];
const flags = ["uniqueItems", "exclusiveMinimum", "exclusiveMaximum"];
const upperBounds = ["maximum", "maxLength", "maxItems", "maxProperties"];

/**
 * What a later schema asks that an earlier one did not: "requires kind", "lets status no longer be "draft"".
 * Keywords that hold schemas of their own, such as oneOf, are told when they differ at all.
 */
export function tightenedSchema(before: Document, after: Document, path = ""): string[] {
  const what = path === "" ? "a document" : path;
  const inside = (field: string) => (path === "" ? field : `${path}.${field}`);
  const required = without(after.required ?? [], before.required ?? []);
  return [
    ...(required.length > 0 ? [`requires ${required.map((field) => inside(String(field))).join(", ")}`] : []),
    ...tightenedTypes(before, after, what),
    ...tightenedFields(before, after, what, inside),
    ...tightenedItems(before.items, after.items, path),
    ...Object.keys(after)
      .filter((keyword) => !silent.includes(keyword) && isTighter(keyword, before, after))
      .map((keyword) => keywordWords(keyword, before, after, what)),
  ];
}

function tightenedTypes(before: Document, after: Document, what: string): string[] {
  const stated: unknown = after.bsonType ?? after.type;
  if (stated === undefined) return [];
  const types = typesOf(stated);
  const former: unknown = before.bsonType ?? before.type;
  const takesAsMuch = former !== undefined && without(typesOf(former), types).length === 0;
  // Each document is an object.
  const isGiven = what === "a document" && types.includes("object");
  return takesAsMuch || isGiven ? [] : [`wants ${what} to be ${[stated].flat().join(" or ")}`];
}

/** By the names that bsonType has for them: "type" calls some otherwise. */
function typesOf(types: unknown): unknown[] {
  return [types].flat().flatMap((type) => {
    if (type === "number") return ["int", "long", "double", "decimal"];
    return type === "boolean" ? "bool" : [type];
  });
}

function tightenedFields(before: Document, after: Document, what: string, inside: (field: string) => string): string[] {
  const earlier: Document = before.properties ?? {};
  const later: Document = after.properties ?? {};
  const wasClosed = before.additionalProperties === false && before.patternProperties === undefined;
  const closes = after.additionalProperties === false;
  const changes = Object.entries(later).flatMap(([field, schema]) => {
    // A field that was not let in before is in no document.
    if (!Object.hasOwn(earlier, field)) return wasClosed ? [] : tightenedSchema({}, schema, inside(field));
    return tightenedSchema(earlier[field], schema, inside(field));
  });
  if (closes && !wasClosed) changes.push(`lets ${what} have no fields that it does not name`);
  if (closes && wasClosed) {
    const gone = without(Object.keys(earlier), Object.keys(later)) as string[];
    changes.push(...gone.map((field) => `no longer lets in ${inside(field)}`));
  }
  const rule: unknown = after.additionalProperties;
  const isSchema = typeof rule === "object" && rule !== null;
  if (isSchema && !wasClosed && !same(rule, before.additionalProperties)) {
    changes.push(`has another rule for the fields of ${what} that it does not name`);
  }
  return changes;
}

function tightenedItems(before: unknown, after: unknown, path: string): string[] {
  if (after === undefined || same(before, after)) return [];
  if (Array.isArray(before) || Array.isArray(after)) return [`has other rules for the items of ${path}`];
  return tightenedSchema((before ?? {}) as Document, after as Document, `${path}[]`);
}

function isTighter(keyword: string, before: Document, after: Document): boolean {
  const earlier: unknown = before[keyword];
  const later: unknown = after[keyword];
  if (keyword === "enum") return earlier === undefined || without(earlier as [], later as []).length > 0;
  if (lowerBounds.includes(keyword)) return earlier === undefined || !(numberOf(later) <= numberOf(earlier));
  if (upperBounds.includes(keyword)) return earlier === undefined || !(numberOf(later) >= numberOf(earlier));
  if (flags.includes(keyword)) return later === true && earlier !== true;
  return !same(earlier, later);
}

/** BSON's numbers have no value of their own in JavaScript, but all have a text. */
export function numberOf(value: unknown): number {
  return Number(String(value));
}

function keywordWords(keyword: string, before: Document, after: Document, what: string): string {
  const later: unknown = after[keyword];
  if (keyword !== "enum") return `has ${before[keyword] === undefined ? "a new" : "another"} ${keyword} for ${what}`;
  const lost = before.enum && without(before.enum, later as []);
  const words = (values: unknown[]) => values.map(shortValue).join(" or ");
  return lost ? `no longer lets ${what} be ${words(lost)}` : `lets ${what} be only ${words(later as [])}`;
}

function shortValue(value: unknown): string {
  return typeof value === "object" ? shortJson(value) : JSON.stringify(value);
}

function without(values: readonly unknown[], others: readonly unknown[]): unknown[] {
  const known = new Set(others.map(comparable));
  return values.filter((value) => !known.has(comparable(value)));
}

function same(one: unknown, other: unknown): boolean {
  return comparable(one) === comparable(other);
}

function comparable(value: unknown): string {
  return canonicalJson({ value });
}
