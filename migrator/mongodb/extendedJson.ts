import { BSON } from "mongodb";
import { messageOf } from "../errors.ts";

/**
 * What stands for a BSON value when it is alone in an object. `$regex`, `$code`, `$ref` and `$undefined` are left out:
 * the driver would turn the query operator `{ $regex: "a", $options: "i" }` into something else.
 */
const wrappers = new Set([
  "$oid",
  "$date",
  "$numberInt",
  "$numberLong",
  "$numberDouble",
  "$numberDecimal",
  "$binary",
  "$uuid",
  "$timestamp",
  "$regularExpression",
  "$minKey",
  "$maxKey",
]);

/** The server takes 100 levels in a document, and somewhat more in a command. */
const deepest = 150;

/** Without an offset, the same text would be another moment in another time zone. */
const moment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/**
 * Plain data with the BSON values that its Extended JSON stands for. Numbers stay as they are: integers of 32 bits, and doubles.
 * @throws an Error like "holds a Map at documents.0" for anything else: it is the rest of a sentence.
 */
export function toBson(value: unknown, path: readonly string[] = []): unknown {
  if (path.length > deepest) throw new Error(`is nested deeper than ${deepest} levels, or holds itself`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return Array.from(value, (entry, index) => toBson(entry, [...path, String(index)]));
  if (Object.prototype.toString.call(value) !== "[object Object]") throw new Error(`holds ${kindOf(value)}${at(path)}`);

  const entries = Object.entries(value as object);
  const wrapper = entries.find(([key]) => wrappers.has(key))?.[0];
  if (wrapper === undefined) {
    return Object.fromEntries(entries.map(([key, entry]) => [key, toBson(entry, [...path, key])]));
  }
  if (entries.length > 1) throw new Error(`has other fields beside ${wrapper}${at(path)}`);
  return unwrapped(wrapper, value as Record<string, unknown>, path);
}

/** As short as a sentence allows: 100 characters of Extended JSON. */
export function shortJson(value: unknown): string {
  const json = BSON.EJSON.stringify(value, { relaxed: true });
  return json.length > 100 ? `${json.slice(0, 100)}…` : json;
}

/** The same for the same BSON alone: types and the order of keys count. */
export function canonicalJson(value: unknown): string {
  return BSON.EJSON.stringify(value, { relaxed: false });
}

function unwrapped(wrapper: string, value: Record<string, unknown>, path: readonly string[]): unknown {
  const refuse = (reason: string, cause?: unknown) =>
    new Error(`has ${shortJson(value)}${at(path)}, which is not Extended JSON (${reason})`, { cause });
  const inside = value[wrapper];
  if (wrapper === "$date" && typeof inside === "string" && !moment.test(inside)) {
    throw refuse('a date is "2026-01-31" or "2026-01-31T12:00:00Z"');
  }
  let result: unknown;
  try {
    result = BSON.EJSON.deserialize(value, { relaxed: false });
  } catch (cause) {
    throw refuse(messageOf(cause), cause);
  }
  if (result instanceof Date && Number.isNaN(result.getTime())) throw refuse("there is no such date");
  // The driver cuts off what does not fit.
  const isInteger = wrapper === "$numberInt" || wrapper === "$numberLong";
  if (isInteger && canonicalJson(result) !== JSON.stringify(value)) throw refuse("it is not an integer of that size");
  return result;
}

function at(path: readonly string[]): string {
  return path.length > 0 ? ` at ${path.join(".")}` : "";
}

function kindOf(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  if (typeof value === "bigint") return 'a bigint (write { $numberLong: "5" })';
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return kind === "RegExp" ? "a RegExp (write { $regularExpression: { pattern, options } })" : `a ${kind}`;
}
