import type { Finding } from "../types.ts";

/** What the linter looks for, by the name under which a file allows it. */
export const mongoRules = {
  "drop-collection": "a collection goes with its documents",
  "drop-view": "queries that use it find nothing",
  "change-view": "queries that use it find something else",
  "rename-collection": "programs that use the old name find nothing",
  "drop-index": "queries become slow, and what was unique no longer is",
  "hide-index": "queries become slow",
  "ttl-index": "documents are deleted when their time is over",
  "shrink-capped": "the oldest documents are deleted",
  "delete-all": "every document of a collection is deleted",
  "lose-fields": "documents lose fields with their values",
  "update-all": "every document of a collection is changed",
  "unique-index": "an index can't be made where there are duplicates",
  "tighten-validator": "documents that are there may break the new rules",
} as const;

export type MongoRule = keyof typeof mongoRules;

export interface Danger {
  rule: MongoRule;
  severity: Finding["severity"];
  message: string;
}

export const destructive = (rule: MongoRule, message: string): Danger => ({ rule, severity: "destructive", message });
export const warning = (rule: MongoRule, message: string): Danger => ({ rule, severity: "warning", message });
