import { BSON, type Db, type Document } from "mongodb";
import type pg from "pg";
import { contentHash } from "../schema/mongodb/contentHash.ts";
import { type Run, type Violation, violationsOfRun } from "./crossStoreRules.ts";

/** Runs that are checked at once. */
const pageSize = 1000;

/** A document of trading_configs. */
type Config = Document & { _id: string };

/** The field of each collection that holds the hash of a document's content. */
const hashes = {
  algorithm_versions: "content_hash",
  simulator_configs: "content_hash",
  simulation_configs: "config_hash",
} as const;

/**
 * What no constraint can hold together, because no foreign key reaches from PostgreSQL into MongoDB: every run names
 * documents that exist, are no drafts and have the hashes that it names, and has what they say. And every document has
 * the hash of its content: MongoDB's validators can't see that it was edited.
 *
 * @returns the violations, those of documents (without run_id) first; none in sound data
 */
export async function crossStoreViolations(results: pg.Client, configs: Db): Promise<Violation[]> {
  const violations = await hashViolations(configs);
  const algorithms = await byId(configs, "algorithm_versions");
  const simulators = await byId(configs, "simulator_configs");
  for (
    let page = await runsAfter(results, "0");
    page.length > 0;
    page = await runsAfter(results, page.at(-1)!.run_id)
  ) {
    const configurations = await byId(configs, "simulation_configs", {
      _id: { $in: page.map((run) => run.config_id) },
    });
    for (const run of page) {
      const documents = {
        configuration: configurations.get(run.config_id),
        algorithm: algorithms.get(`${run.algorithm_name}@${run.algorithm_version}`),
        simulator: simulators.get(`${run.simulator_name}@${run.simulator_version}`),
      };
      violations.push(...violationsOfRun(run, documents));
    }
  }
  return violations;
}

/** Documents whose hash is not that of their content. A draft may have none yet. */
async function hashViolations(configs: Db): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [collection, field] of Object.entries(hashes) as [keyof typeof hashes, string][]) {
    for await (const document of configs.collection<Config>(collection).find().sort({ _id: 1 })) {
      const { [field]: stored, _id } = document;
      const expected = contentHash(collection, BSON.EJSON.serialize(document));
      if (stored === undefined || stored === expected) continue;
      violations.push({ run_id: null, subject: _id, rule: `${field} is the hash of the content`, stored, expected });
    }
  }
  return violations;
}

async function byId(configs: Db, collection: string, filter: Document = {}): Promise<Map<string, Config>> {
  const documents = await configs.collection<Config>(collection).find(filter).toArray();
  return new Map(documents.map((document) => [document._id, document]));
}

async function runsAfter(results: pg.Client, runId: string): Promise<Run[]> {
  const { rows } = await results.query<Run>(
    "SELECT * FROM simulation_runs WHERE run_id > $1 ORDER BY run_id LIMIT $2",
    [runId, pageSize],
  );
  return rows;
}
