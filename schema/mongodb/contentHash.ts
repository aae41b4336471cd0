import { createHash } from "node:crypto";

/**
 * What identifies a document or speaks of it, but changes nothing in what it does, is left out of its hash.
 * A field that is not named here counts: a new one is hashed until somebody decides otherwise.
 */
const leftOut = {
  algorithm_versions: [
    "_id",
    "schema_version",
    "version_sort",
    "status",
    "is_default",
    "description",
    "content_hash",
    "changelog",
    "supersedes",
    "created_at",
    "created_by",
    "released_at",
  ],
  simulator_configs: [
    "_id",
    "schema_version",
    "status",
    "is_default",
    "description",
    "content_hash",
    "changelog",
    "created_at",
    "created_by",
  ],
  simulation_configs: [
    "_id",
    "schema_version",
    "name",
    "description",
    "config_hash",
    "status",
    "tags",
    "metadata",
    "created_at",
    "created_by",
  ],
};

/**
 * The hash of a document: `content_hash` of algorithm_versions and simulator_configs, `config_hash` of simulation_configs.
 * SHA-256 of the canonical JSON (RFC 8785) of the document as relaxed Extended JSON (version 2), both of which
 * every driver's language has a library for.
 * @param document as relaxed Extended JSON, such as `EJSON.serialize(document)` gives it.
 * @returns 64 lower case hexadecimal digits.
 */
export function contentHash(collection: keyof typeof leftOut, document: object): string {
  const content = Object.entries(document).filter(([field]) => !leftOut[collection].includes(field));
  return createHash("sha256")
    .update(canonicalJson(Object.fromEntries(content)))
    .digest("hex");
}

/** JSON without white space, keys in the order of their UTF-16 code units, numbers as ECMAScript writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
}
