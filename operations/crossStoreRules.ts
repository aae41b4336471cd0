import { BSON, type Document } from "mongodb";
import { canonicalJson } from "../schema/mongodb/contentHash.ts";
import { parameterViolations } from "./crossStoreParameters.ts";

/** What is wrong, in the columns of PostgreSQL's check views. */
export interface Violation {
  /** Null where it is a document that is wrong, whichever runs use it. */
  run_id: string | null;
  /** Null where it is the run as a whole. */
  subject: string | null;
  rule: string;
  stored: string | null;
  expected: string | null;
}

/** A row of simulation_runs as far as MongoDB has to agree with it. */
export interface Run {
  [column: string]: unknown;
  run_id: string;
  run_type: string;
  config_id: string;
  config_hash: string;
  algorithm_name: string;
  algorithm_version: string;
  algorithm_hash: string;
  simulator_name: string;
  simulator_version: string;
  simulator_hash: string;
  parameters: Record<string, unknown>;
}

/** The documents that a run names, as far as they exist. */
export interface Documents {
  configuration: Document | undefined;
  algorithm: Document | undefined;
  simulator: Document | undefined;
}

/** [subject, rule, stored, expected] */
export type Finding = [string | null, string, string | null, string | null];

/** What a run says otherwise than the documents that it names. */
export function violationsOfRun(run: Run, { configuration, algorithm, simulator }: Documents): Violation[] {
  const algorithmId = `${run.algorithm_name}@${run.algorithm_version}`;
  const simulatorId = `${run.simulator_name}@${run.simulator_version}`;
  return [
    ...reference("configuration", run.config_id, configuration, configuration?.["config_hash"], run.config_hash),
    ...reference("algorithm", algorithmId, algorithm, algorithm?.["content_hash"], run.algorithm_hash),
    ...reference("simulator", simulatorId, simulator, simulator?.["content_hash"], run.simulator_hash),
    ...(configuration === undefined ? [] : copies(run, configuration, simulator)),
    ...parameterViolations(run.parameters, configuration, algorithm),
  ].map(([subject, rule, stored, expected]) => ({ run_id: run.run_id, subject, rule, stored, expected }));
}

function reference(kind: string, id: string, document: Document | undefined, hash: string, named: string): Finding[] {
  if (document === undefined) return [[`${kind} ${id}`, "exists in MongoDB", null, id]];
  if (document["status"] === "draft")
    return [[`${kind} ${id}`, "is no draft", "draft", "released, deprecated or retired"]];
  return hash === named ? [] : [[`${kind} ${id}`, "has the hash that the run names", hash, named]];
}

/** The columns that a run copies from its configuration. */
function copies(run: Run, configuration: Document, simulator: Document | undefined): Finding[] {
  const { algorithm, simulator: named, universe, data, period, account, sweep, overrides } = configuration;
  const expected: Record<string, unknown> = {
    algorithm_name: algorithm.name,
    algorithm_version: algorithm.version,
    simulator_name: named.name,
    simulator_version: named.version,
    simulator_overrides: BSON.EJSON.serialize(overrides),
    dataset_version: data.dataset_version,
    timeframe: data.timeframe,
    account_currency: account.currency,
    starting_equity: Number(account.starting_balance),
    benchmark: configuration["benchmark"],
    periods_per_year: configuration["periods_per_year"],
    risk_free_rate: configuration["risk_free_rate"],
    sweep_id: sweep?.sweep_id,
    // A run without its simulator has a violation already.
    ...(simulator && { account_type: overrides.account?.type ?? simulator["account"].type }),
    // An index has other members at other times; a walk forward goes through the period; Monte Carlo draws its seeds.
    ...(universe.selection === "static" && { symbols: universe.symbols }),
    ...(run.run_type !== "walk_forward" && { period_start: period.start, period_end: period.end }),
    ...(run.run_type !== "monte_carlo" && { random_seed: configuration["random_seed"] }),
  };
  // As a number: the texts of a decimal differ, as in 100000 and 100000.00000000.
  const own: Run = { ...run, starting_equity: Number(run["starting_equity"]) };
  return Object.entries(expected).flatMap(([column, value]): Finding[] => {
    const [stored, wanted] = [text(own[column]), text(value)];
    return stored === wanted ? [] : [[null, `${column} is that of the configuration`, stored, wanted]];
  });
}

/** A value of either database in one form; order means nothing in a list. */
function text(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.toSorted().join(", ");
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? canonicalJson(value) : String(value);
}
