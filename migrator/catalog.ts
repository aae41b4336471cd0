import type { Catalog } from "./types.ts";

// A definition is lines that hold of the object, in no order that matters ("owned by trading_owner"), so written that
// "it is" and "it should be" can stand before each. Where the object has a text of its own, as functions and views do,
// that follows after an empty line.

/**
 * What is not as the migrations left it, one sentence for each object, two where both its text and what holds of it
 * differ. What comes or goes with its table, view, schema or collection is told by that one alone.
 * @param expected the schema as the migrations left it
 * @param found the schema as it is
 */
export function driftBetween(expected: Catalog, found: Catalog): string[] {
  const holders = new Map<string, boolean>();
  for (const key of keysOf(expected, found)) {
    const { kind, name } = parsed(key);
    if (holding.has(kind)) holders.set(name, holders.get(name) || changesItsParts(expected[key], found[key]));
  }
  return keysOf(expected, found).flatMap((key) => {
    const [should, is] = [expected[key], found[key]];
    if (should === is) return [];
    if (should !== undefined && is !== undefined) return differences(key, is, should);
    if (goesWithHolder(key, (should ?? is)!, holders)) return [];
    if (is === undefined) return [`${key} is missing`];
    const words = excerpt(is.split("\n", 1)[0]!);
    return [`${key} is there, but no migration made it${words && `: ${words}`}`];
  });
}

/**
 * The schema as the migrations left it, when somebody else's change may have been there before they ran: an object that
 * had changed, and that they did not touch, keeps what the older snapshot says of it, so that it is still told.
 * @param old the snapshot before; undefined where there is none, so that all of `after` counts as made by migrations
 * @param before the schema as it was when the migrations began
 * @param after the schema as it was when they were done
 */
export function nextSnapshot(old: Catalog | undefined, before: Catalog, after: Catalog): Catalog {
  if (!old) return after;
  const next: Catalog = {};
  for (const key of keysOf(old, before, after)) {
    const untouchedDrift = before[key] !== old[key] && after[key] === before[key];
    const definition = untouchedDrift ? old[key] : after[key];
    if (definition !== undefined) next[key] = definition;
  }
  return next;
}

/** What others are part of. */
const holding = new Set(["schema", "table", "foreign table", "view", "materialized view", "collection"]);

/** Whether other objects come or go with the change of this one. A partition shows only what its parent doesn't have. */
function changesItsParts(should: string | undefined, is: string | undefined): boolean {
  const isPartition = (definition: string) => /^partition of /m.test(definition);
  return should === undefined || is === undefined || isPartition(should) !== isPartition(is);
}

/** Definitions of what has a schema, and not a table, in its name, but is of a table: what follows is its name. */
const ofTable = /\b(?:ON(?: ONLY)?|FROM|serving) ((?:"(?:[^"]|"")+"|[^\s".(]+)\.(?:"(?:[^"]|"")+"|[^\s".(]+))/;

function goesWithHolder(key: string, definition: string, holders: ReadonlyMap<string, boolean>): boolean {
  const { kind, name } = parsed(key);
  if (kind === "collection") return false;
  const table = ["index", "sequence", "statistics"].includes(kind) ? ofTable.exec(definition)?.[1] : undefined;
  if (table !== undefined && holders.get(table)) return true;
  if (kind === "validator") return holders.get(name) ?? false;
  // The longest name first: of the collections runs and runs.old, the latter has the index runs.old.name_1.
  for (let end = name.lastIndexOf("."); end > 0; end = name.lastIndexOf(".", end - 1)) {
    const changes = holders.get(name.slice(0, end));
    if (changes !== undefined && (changes || kind === "index")) return changes;
  }
  return false;
}

function parsed(key: string): { kind: string; name: string } {
  const [, kind = "", name = ""] =
    /^((?:materialized|foreign|event|operator|text search) [a-z]+|\S+) (.*)$/s.exec(key) ?? [];
  return { kind, name };
}

function differences(key: string, is: string, should: string): string[] {
  const [isNow, shouldBe] = [inTwo(is), inTwo(should)];
  const extra = isNow.lines.filter((line) => !shouldBe.lines.includes(line));
  const lacking = shouldBe.lines.filter((line) => !isNow.lines.includes(line));
  const sentences = [];
  if (extra.length > 0 && lacking.length > 0) {
    const [found, expected] = excerpts(extra.join(", "), lacking.join(", "));
    sentences.push(`${key} is ${found}, and should be ${expected}`);
  } else if (extra.length > 0) sentences.push(`${key} is ${excerpt(extra.join(", "))}, and should not be`);
  else if (lacking.length > 0) sentences.push(`${key} is not ${excerpt(lacking.join(", "))}, and should be`);
  if (isNow.text !== shouldBe.text) sentences.push(`${key}: ${firstDifference(isNow.text, shouldBe.text)}`);
  return sentences.length > 0 ? sentences : [`${key} is not as it should be`];
}

function inTwo(definition: string): { lines: string[]; text: string } {
  const end = definition.indexOf("\n\n");
  if (end < 0) return { lines: linesOf(definition), text: "" };
  return { lines: linesOf(definition.slice(0, end)), text: definition.slice(end + 2) };
}

const linesOf = (text: string) => text.split("\n").filter(Boolean);

function firstDifference(is: string, should: string): string {
  const [found, expected] = [is.split("\n"), should.split("\n")];
  const index = expected.findIndex((line, at) => line !== found[at]);
  if (index < 0) {
    return `line ${expected.length + 1} is "${excerpt(found[expected.length]!)}", and there should be none`;
  }
  if (found[index] === undefined) return `line ${index + 1} is missing: "${excerpt(expected[index]!)}"`;
  const [isHere, shouldBeHere] = excerpts(found[index], expected[index]!);
  return `line ${index + 1} is "${isHere}" and should be "${shouldBeHere}"`;
}

const longest = 200;

/** Two texts short enough for people, from shortly before where they begin to differ. */
function excerpts(one: string, other: string): [string, string] {
  if (Math.max(one.length, other.length) <= longest) return [excerpt(one), excerpt(other)];
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  const start = same < longest / 2 ? 0 : same - 40;
  return [excerpt(one, start), excerpt(other, start)];
}

function excerpt(text: string, start = 0): string {
  const words = text.slice(start).trim();
  return `${start > 0 ? "…" : ""}${words.length > longest ? `${words.slice(0, longest)}…` : words}`;
}

function keysOf(...catalogs: Catalog[]): string[] {
  return [...new Set(catalogs.flatMap(Object.keys))].sort();
}
