import type { Document } from "mongodb";
import { counted, listed } from "../errors.ts";
import { commandName } from "./checks.ts";
import { shortJson } from "./extendedJson.ts";
import { collationWords, fieldsOf, indexWords, namedIndexes } from "./indexWords.ts";
import { requiredFields } from "./validators.ts";

/** One step in words, such as "creates collection runs". Never throws: what it can't put into words it shows. */
export function describeStep(command: Document): string {
  try {
    const name = commandName(command);
    if (name !== undefined && Object.hasOwn(wording, name)) return wording[name]!(command);
  } catch {
    // Falls through: a command that is out of shape.
  }
  return `runs a command that can't be put in words: ${jsonOf(command)}`;
}

const wording: Record<string, (command: Document) => string> = {
  create: created,
  collMod: modified,
  createIndexes: ({ createIndexes, indexes, ...others }) =>
    `creates ${listed(indexes.map((index: Document) => indexWords(createIndexes, index)))}${rest(others)}`,
  drop: ({ drop, ...others }) => `drops ${drop}${rest(others)}`,
  dropIndexes: ({ dropIndexes, index, ...others }) => `drops ${namedIndexes(index, dropIndexes)}${rest(others)}`,
  renameCollection: ({ renameCollection, to, ...others }) =>
    `renames collection ${renameCollection} to ${to}${rest(others)}`,
  insert: ({ insert, documents, ...others }) =>
    `inserts ${counted(documents.length, "document")} into ${insert}${rest(others)}`,
  update: ({ update, updates, ...others }) => {
    const words = updates.map(({ q, u, multi, upsert, ...more }: Document) => {
      const target = matched(update, q, multi === true);
      return `updates ${target} by ${shortJson(u)}${upsert ? ", and inserts one where there is none" : ""}${rest(more)}`;
    });
    return listed(words) + rest(others);
  },
  delete: ({ delete: from, deletes, ...others }) => {
    const words = deletes.map(
      ({ q, limit, ...more }: Document) => `deletes ${matched(from, q, limit === 0)}${rest(more)}`,
    );
    return listed(words) + rest(others);
  },
};

function matched(collection: string, filter: Document, all: boolean): string {
  const isEmpty = Object.keys(filter).length === 0;
  if (isEmpty) return all ? `every document of ${collection}` : `any one document of ${collection}`;
  return `${all ? "documents" : "one document"} of ${collection} where ${shortJson(filter)}`;
}

function created(command: Document): string {
  const { create: name, viewOn, pipeline, capped, size, max, timeseries, clusteredIndex, ...more } = command;
  const { validator, validationLevel, validationAction, expireAfterSeconds, collation, ...others } = more;
  if (viewOn) {
    const kept = { ...(collation && { collation }), ...others };
    return `creates view ${name} on ${viewOn}, with the pipeline ${shortJson(pipeline ?? [])}${rest(kept)}`;
  }
  const kind = timeseries ? "time series " : capped ? "capped " : clusteredIndex ? "clustered " : "";
  const details: string[] = [];
  if (timeseries) {
    const { timeField, metaField, ...more } = timeseries;
    details.push(` of what happened at ${timeField}${metaField ? `, about ${metaField}` : ""}${rest(more)}`);
  }
  if (capped) details.push(` of at most ${size} bytes${max === undefined ? "" : ` and ${max} documents`}`);
  if (validator) details.push(` with ${validatorWords("a validator", validator)}`);
  // The server's defaults go without saying.
  const level = strictness(
    validationLevel === "strict" ? undefined : validationLevel,
    validationAction === "error" ? undefined : validationAction,
  );
  if (level) details.push(`, at ${level}`);
  if (expireAfterSeconds !== undefined) details.push(`, which deletes documents after ${expireAfterSeconds} seconds`);
  if (collation) details.push(collationWords(collation));
  return `creates ${kind}collection ${name}${details.join("")}${rest(others)}`;
}

function modified(command: Document): string {
  const { collMod: name, validator, validationLevel, validationAction, viewOn, pipeline, index, ...more } = command;
  const { expireAfterSeconds, ...others } = more;
  const words: string[] = [];
  const level = strictness(validationLevel, validationAction);
  if (validator && Object.keys(validator).length === 0) words.push(`removes the validator of ${name}`);
  else if (validator) words.push(`sets ${validatorWords(`the validator of ${name}`, validator)}`);
  if (level) words.push(`sets the validation of ${name} to ${level}`);
  if (viewOn) words.push(`makes ${name} a view on ${viewOn}, with the pipeline ${shortJson(pipeline ?? [])}`);
  else if (pipeline) words.push(`gives ${name} the pipeline ${shortJson(pipeline)}`);
  if (expireAfterSeconds === "off") words.push(`lets documents of ${name} stay`);
  else if (expireAfterSeconds !== undefined) {
    words.push(`deletes documents of ${name} after ${expireAfterSeconds} seconds`);
  }
  if (index) words.push(changedIndex(name, index));
  if (words.length === 0) return `changes collection ${name}${rest(others)}`;
  return listed(words) + rest(others);
}

function changedIndex(collection: string, index: Document): string {
  const { name, keyPattern, hidden, unique, prepareUnique, expireAfterSeconds, ...others } = index;
  const target = name ? `index ${name} of ${collection}` : `the index of ${collection} on (${fieldsOf(keyPattern)})`;
  const words: string[] = [];
  if (hidden !== undefined) words.push(`${hidden ? "hides" : "shows"} ${target}`);
  if (unique) words.push(`makes ${target} unique`);
  if (prepareUnique !== undefined) words.push(`${prepareUnique ? "refuses" : "accepts"} new duplicates in ${target}`);
  if (expireAfterSeconds !== undefined) {
    words.push(`lets ${target} delete documents ${expireAfterSeconds} seconds after their time`);
  }
  return (words.length > 0 ? listed(words) : `changes ${target}`) + rest(others);
}

function validatorWords(what: string, validator: Document): string {
  const fields = requiredFields(validator);
  return fields.length > 0 ? `${what} (requires ${fields.join(", ")})` : what;
}

/** How a validator is applied, such as "level strict and action warn"; empty where nothing is stated. */
function strictness(level: unknown, action: unknown): string {
  return listed([
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(action === undefined ? [] : [`action ${action}`]),
  ]);
}

/** Options without words of their own are shown, so that nothing is hidden. */
function rest(options: Document): string {
  return Object.keys(options).length > 0 ? `, with ${shortJson(options)}` : "";
}

function jsonOf(value: unknown): string {
  try {
    return shortJson(value) ?? String(value);
  } catch {
    return String(value);
  }
}
