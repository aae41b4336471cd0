import type { Document } from "mongodb";
import { listed } from "../errors.ts";

export function commandName(step: unknown): string | undefined {
  return isObject(step) ? Object.keys(step)[0] : undefined;
}

const isObject = (value: unknown): value is Document =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

/** What is wrong with a command: the rest of a sentence that begins with its step. */
type Check = (command: Document) => string | undefined;

/** What a migration is made of, and how each is checked before anything is applied. */
const stepChecks: Record<string, Check> = {
  create: validatorIsObject,
  collMod: validatorIsObject,
  createIndexes: (command) =>
    each(command, "indexes", "index", (index) => {
      if (!isObject(index.key)) return 'without a key. Write { key: { kind: 1 }, name: "kind" }';
      if (!isName(index.name)) return 'without a name. Name it, so that it can be told and dropped: name: "kind"';
    }),
  drop: () => undefined,
  dropIndexes: ({ index }) =>
    isName(index) || isObject(index) || (Array.isArray(index) && index.length > 0 && index.every(isName))
      ? undefined
      : 'does not say which index. Write index: "name", or "*" for all',
  renameCollection: ({ to, dropTarget }) => {
    if (!isName(to)) return 'does not say the new name. Write { renameCollection: "old", to: "new" }';
    if (dropTarget !== undefined) return "states dropTarget. Drop the other collection in a step of its own";
  },
  insert: (command) =>
    each(command, "documents", "document", ({ _id }) =>
      _id === undefined ? "without an _id. Give it one, or a repeated insert would double it" : undefined,
    ),
  update: (command) =>
    each(command, "updates", "update", ({ q, u }) => {
      if (!isObject(q)) return "without a q. State which documents are meant; q: {} means all";
      if (!isObject(u) && !(Array.isArray(u) && u.every(isObject)))
        return "without a u. State what becomes of the documents";
    }),
  delete: (command) =>
    each(command, "deletes", "delete", ({ q, limit }) => {
      if (!isObject(q)) return "without a q. State which documents are meant; q: {} means all";
      if (limit !== 0 && limit !== 1)
        return "without a limit of 0 or 1, as plain numbers. 0 deletes all documents that q means, 1 the first of them";
    }),
};

const queryChecks: Record<string, Check> = {
  find: () => undefined,
  aggregate: ({ pipeline }) => {
    if (!Array.isArray(pipeline) || !pipeline.every(isObject)) return "has no pipeline. It is an array of stages";
    const writer = pipeline.flatMap(Object.keys).find((stage) => stage === "$out" || stage === "$merge");
    return writer && `has ${writer}, which writes. A query only looks`;
  },
};

/** The engine runs each command in a session of its own, with the write concern that the ledger has. */
const engineSets = ["writeConcern", "readConcern", "lsid", "txnNumber", "autocommit", "startTransaction", "comment"];

export const stepNames = listed(Object.keys(stepChecks));

export const isStepName = (name: string) => Object.hasOwn(stepChecks, name);
export const isQueryName = (name: string) => Object.hasOwn(queryChecks, name);

/**
 * What the server would only refuse when earlier steps are applied, and what would not end in the same state twice.
 * @param command one whose name `isStepName` or `isQueryName` knows.
 */
export function complaintOf(command: Document): string | undefined {
  const name = commandName(command)!;
  if (!isName(command[name])) return `names no collection. Write { ${name}: "runs", ... }`;
  const set = Object.keys(command).find((key) => engineSets.includes(key) || key.startsWith("$"));
  if (set) return `states ${set}, which the engine sets. Leave it out`;
  return (stepChecks[name] ?? queryChecks[name])!(command);
}

function validatorIsObject({ validator }: Document): string | undefined {
  if (validator !== undefined && !isObject(validator)) return "has a validator that is not an object";
}

function each(command: Document, field: string, word: string, check: Check): string | undefined {
  const entries: unknown = command[field];
  if (!Array.isArray(entries) || entries.length === 0 || !entries.every(isObject)) {
    return `has no ${field}. They are an array of objects`;
  }
  for (const [index, entry] of entries.entries()) {
    const complaint = check(entry);
    if (complaint) return `has ${word === "index" || word === "update" ? "an" : "a"} ${word} ${index + 1} ${complaint}`;
  }
}
