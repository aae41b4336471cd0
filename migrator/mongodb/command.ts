import type { Document } from "mongodb";

/**
 * For the authors of migrations:
 *
 *     import type { MongoSteps } from "../../../migrator/mongodb/command.ts";
 *     export default [{ drop: "runs" }] satisfies MongoSteps;
 *
 * BSON values are written as Extended JSON: { $date: "2026-01-31T00:00:00Z" }, { $numberDecimal: "1.5" }.
 */
export type MongoSteps = readonly (
  | CreateCommand
  | CollModCommand
  | CreateIndexesCommand
  | { drop: string }
  | { dropIndexes: string; index: string | string[] | IndexKey }
  | { renameCollection: string; to: string }
  | { insert: string; documents: (Document & { _id: unknown })[]; ordered?: boolean }
  | { update: string; updates: UpdateEntry[]; ordered?: boolean; let?: Document }
  | { delete: string; deletes: DeleteEntry[]; ordered?: boolean; let?: Document }
)[];

/** For the authors of verify files: queries that must find nothing. */
export type MongoQueries = readonly (
  | { find: string; filter?: Document; projection?: Document; sort?: Document; limit?: number; collation?: Document }
  | { aggregate: string; pipeline: Document[]; collation?: Document; let?: Document; allowDiskUse?: boolean }
)[];

interface Validation {
  validator?: Document;
  validationLevel?: "off" | "moderate" | "strict";
  validationAction?: "error" | "warn";
}

interface CreateCommand extends Validation {
  create: string;
  viewOn?: string;
  pipeline?: Document[];
  capped?: boolean;
  size?: number;
  max?: number;
  timeseries?: Document;
  clusteredIndex?: Document;
  expireAfterSeconds?: number;
  collation?: Document;
  changeStreamPreAndPostImages?: { enabled: boolean };
  storageEngine?: Document;
  indexOptionDefaults?: Document;
}

interface CollModCommand extends Validation {
  collMod: string;
  index?: Document;
  viewOn?: string;
  pipeline?: Document[];
  expireAfterSeconds?: number | "off";
  timeseries?: Document;
  cappedSize?: number;
  cappedMax?: number;
  changeStreamPreAndPostImages?: { enabled: boolean };
}

/** 1, -1, or a kind of index such as "text". */
type IndexKey = Record<string, number | string>;

interface CreateIndexesCommand {
  createIndexes: string;
  indexes: {
    key: IndexKey;
    name: string;
    unique?: boolean;
    sparse?: boolean;
    hidden?: boolean;
    partialFilterExpression?: Document;
    expireAfterSeconds?: number;
    collation?: Document;
    wildcardProjection?: Document;
    [option: string]: unknown;
  }[];
}

interface UpdateEntry {
  /** Which documents: {} means all. */
  q: Document;
  u: Document | Document[];
  /** All that q means, or the first. */
  multi?: boolean;
  upsert?: boolean;
  collation?: Document;
  arrayFilters?: Document[];
  hint?: string | Document;
}

interface DeleteEntry {
  /** Which documents: {} means all. */
  q: Document;
  /** 0 for all that q means, 1 for the first. */
  limit: 0 | 1;
  collation?: Document;
  hint?: string | Document;
}
