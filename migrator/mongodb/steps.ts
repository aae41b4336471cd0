import { createHash } from "node:crypto";
import type { Document } from "mongodb";
import { MigrationError, listed, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { directivesOf } from "./allowances.ts";
import { commandName, complaintOf, isQueryName, isStepName, stepNames } from "./checks.ts";
import { canonicalJson, toBson } from "./extendedJson.ts";
import { mongoRules } from "./rules.ts";
import { runScript } from "./script.ts";

export interface Step {
  /** As for runCommand: its first key is the command's name. */
  command: Document;
  /** From 1. */
  number: number;
  /** SHA-256 in hex of the command as canonical Extended JSON, with its keys in their order. */
  hash: string;
}

export interface MongoScript {
  /** The reason for each rule that the file allows. */
  allowed: Map<string, string>;
  steps: Step[];
}

/**
 * The steps of a migration or a way back: a `.ts` file that exports an array of commands, or a `.json` file that holds one.
 * Extended JSON, such as { $date: "2026-01-31T00:00:00Z" }, stands for BSON values in both.
 * @throws MigrationError for a text that can't be read so, and for a command that a migration can't hold.
 */
export function parseSteps(file: SourceFile): MongoScript {
  const known = scripts.get(file) ?? readSteps(file);
  scripts.set(file, known);
  return known;
}

/** A run reviews a file and applies it; to run its text takes as long as a small step does. */
const scripts = new WeakMap<SourceFile, MongoScript>();

function readSteps(file: SourceFile): MongoScript {
  const { value, directives } = read(file, "migration");
  const allowed = new Map<string, string>();
  for (const [rule, reason] of directives) {
    const refuse = (complaint: string) =>
      new MigrationError(`${file.name} allows ${complaint}. Nothing was applied.`, { migration: file.name });
    if (!Object.hasOwn(mongoRules, rule)) {
      throw refuse(`${JSON.stringify(rule)}, which is no rule. The rules are ${listed(Object.keys(mongoRules))}`);
    }
    if (typeof reason !== "string" || reason.trim() === "") {
      throw refuse(`${rule} without a reason. State one: it is told whenever the file is reviewed`);
    }
    if (allowed.has(rule)) throw refuse(`${rule} twice. State one reason`);
    allowed.set(rule, reason.trim());
  }
  const commands = commandsOf(file, value, "migration", isStepName);
  const hash = (command: Document) => createHash("sha256").update(canonicalJson(command)).digest("hex");
  return { allowed, steps: commands.map((command, i) => ({ command, number: i + 1, hash: hash(command) })) };
}

/**
 * The queries of a verify file: `find` and `aggregate` commands, each of which must find nothing.
 * @throws MigrationError for a text that can't be read so, and for any other command.
 */
export function parseQueries(file: SourceFile): Document[] {
  return commandsOf(file, read(file, "verify file").value, "verify file", isQueryName);
}

type Kind = "migration" | "verify file";

const example: Record<Kind, string> = {
  migration: 'like { createIndexes: "runs", indexes: [...] }',
  "verify file": 'like { find: "runs", filter: {...} }, which must find nothing',
};

function notReadable(file: SourceFile, kind: Kind, reason: string, cause?: unknown): MigrationError {
  const form = file.name.endsWith(".json")
    ? `is a JSON array of commands, each ${example[kind]}` +
      (kind === "migration" ? '; or { "allow": { rule: reason }, "steps": [ ...commands ] }' : "")
    : `is a file with \`export default [ ...commands ]\`, each ${example[kind]}, and with no imports but \`import type\``;
  return new MigrationError(`${file.name} ${reason}. A ${kind} ${form}.`, { migration: file.name, cause });
}

/** The value that a file holds or exports, and the rules that it allows with their reasons, neither of them checked yet. */
function read(file: SourceFile, kind: Kind): { value: unknown; directives: [string, unknown][] } {
  if (!file.name.endsWith(".json")) {
    try {
      return { value: runScript(file.text), directives: kind === "migration" ? directivesOf(file) : [] };
    } catch (cause) {
      if (cause instanceof MigrationError) throw cause;
      throw notReadable(file, kind, `can't be run (${messageOf(cause)})`, cause);
    }
  }
  let value: unknown;
  try {
    value = JSON.parse(file.text);
  } catch (cause) {
    throw notReadable(file, kind, `is not JSON (${messageOf(cause)})`, cause);
  }
  if (kind === "verify file" || typeof value !== "object" || value === null || Array.isArray(value)) {
    return { value, directives: [] };
  }
  const { allow = {}, steps, ...others } = value as { allow?: unknown; steps?: unknown };
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) throw notReadable(file, kind, `has ${JSON.stringify(stranger)} beside its steps`);
  if (typeof allow !== "object" || allow === null || Array.isArray(allow)) {
    throw notReadable(file, kind, 'has an "allow" that is not an object');
  }
  return { value: steps, directives: Object.entries(allow) };
}

function commandsOf(file: SourceFile, value: unknown, kind: Kind, isAllowed: (name: string) => boolean): Document[] {
  const verb = file.name.endsWith(".json") ? "hold" : "export";
  if (!Array.isArray(value)) throw notReadable(file, kind, `does not ${verb} an array of commands`);
  if (value.length === 0) throw notReadable(file, kind, `${verb}s an array without commands`);
  const wrong = value.findIndex((command) => commandName(command) === undefined);
  if (wrong >= 0) throw notReadable(file, kind, `has a step ${wrong + 1} that is not a command`);
  const only =
    kind === "migration"
      ? `A migration is made of ${stepNames}.`
      : "A verify file is made of find and aggregate, which must find nothing.";
  return value.map((plain, index) => {
    const name = commandName(plain)!;
    const refuse = (complaint: string, cause?: unknown) =>
      new MigrationError(`${file.name} step ${index + 1} ${complaint} Nothing was applied.`, {
        migration: file.name,
        cause,
      });
    if (!isAllowed(name)) throw refuse(`is ${name}. ${only}`);
    let command: Document;
    try {
      command = toBson(plain) as Document;
    } catch (cause) {
      throw refuse(
        `(${name}) ${messageOf(cause)}. A step is plain data, with Extended JSON for the types of BSON.`,
        cause,
      );
    }
    const complaint = complaintOf(command);
    if (complaint) throw refuse(`(${name}) ${complaint}.`);
    return command;
  });
}
