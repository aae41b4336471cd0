import type { Document } from "mongodb";
import { listed } from "../errors.ts";
import { shortJson } from "./extendedJson.ts";

/** An entry of createIndexes, such as "unique index name_1 on runs (name)". */
export function indexWords(collection: string, index: Document): string {
  const { name, key, unique, sparse, hidden, partialFilterExpression, expireAfterSeconds, collation, ...others } =
    index;
  const kind = [unique && "unique ", sparse && "sparse ", hidden && "hidden "].filter(Boolean).join("");
  const details = [
    partialFilterExpression && ` where ${shortJson(partialFilterExpression)}`,
    expireAfterSeconds !== undefined &&
      `, which deletes documents ${expireAfterSeconds} seconds after ${Object.keys(key).join(", ")}`,
    collation && collationWords(collation),
    Object.keys(others).length > 0 && `, with ${shortJson(others)}`,
  ];
  return `${kind}index ${name} on ${collection} (${fieldsOf(key)})${details.filter(Boolean).join("")}`;
}

/** The locale, or all where more is stated than that. */
export function collationWords(collation: Document): string {
  const isPlain = Object.keys(collation).length === 1;
  return `, with the collation ${isPlain ? collation.locale : shortJson(collation)}`;
}

/** The fields of a key: `name, created_at descending, body text`. */
export function fieldsOf(key: Document): string {
  return Object.entries(key)
    .map(([field, direction]) => {
      if (typeof direction === "string") return `${field} ${direction}`;
      return Number(direction) < 0 ? `${field} descending` : field;
    })
    .join(", ");
}

/** What dropIndexes names: "index kind of runs", "all indexes of runs", "the index of runs on (kind)". */
export function namedIndexes(index: unknown, collection: string): string {
  if (index === "*") return `all indexes of ${collection}`;
  if (typeof index === "string") return `index ${index} of ${collection}`;
  if (Array.isArray(index)) return `${index.length > 1 ? "indexes" : "index"} ${listed(index)} of ${collection}`;
  return `the index of ${collection} on (${fieldsOf(index as Document)})`;
}
