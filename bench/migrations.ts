import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { hold, type Contest, type Round } from "./migrations/contest.ts";
import { writeTicks, type Sizes } from "./migrations/files.ts";
import { mongoContests } from "./migrations/mongodb.ts";
import { postgresContests } from "./migrations/postgresql.ts";
import { startMongo, startPostgres } from "./migrations/servers.ts";
import { renderResults, resultsOf, verdictsOf } from "./migrations/table.ts";
import { buildMigrators, psqlVersion } from "./migrations/tools.ts";

/** Our files have numbers of four digits, so there are no more than these. */
const full: Sizes = { migrations: 1000, applied: 9999, rows: 1_000_000 };

export interface MigrationBench {
  runs: number;
  json: boolean;
  /** A part of all the files and rows, to see that all works. @default 1 */
  scale?: number;
  /** Contests whose title has this are held. @default all */
  only?: string;
  /** Folder of the project whose engine is measured. @default this one */
  ours?: string;
}

/** Measures our migrations beside those of other tools, and writes what came of it. */
export async function benchMigrations({ runs, json, scale = 1, only = "", ours = "." }: MigrationBench): Promise<void> {
  const psql = psqlVersion();
  const tools = { ours: resolve(ours), rivals: buildMigrators() };
  const root = mkdtempSync(join(tmpdir(), "trading-db-bench-"));
  const stops: (() => unknown)[] = [() => rmSync(root, { recursive: true, force: true })];
  try {
    const [migrations, applied, rows] = [full.migrations, full.applied, full.rows].map((size) =>
      Math.max(2, Math.round(size * scale)),
    ) as [number, number, number];
    const sizes = { migrations, applied, rows };
    const ticks = writeTicks(root, rows);
    const contests: Contest[] = [];
    if (!only.startsWith("MongoDB")) {
      const postgres = await startPostgres();
      stops.push(postgres.stop);
      contests.push(...postgresContests(postgres, tools, root, sizes, { ...ticks, folder: ticks.postgresql }));
    }
    if (!only.startsWith("PostgreSQL")) {
      const mongo = await startMongo();
      stops.push(mongo.stop);
      contests.push(...mongoContests(mongo, tools, root, sizes, { ...ticks, folder: ticks.mongodb }));
    }
    const held = contests.filter(({ title }) => title.includes(only));
    if (held.length === 0) throw new Error(`No contest has "${only}" in its title.`);
    const rounds = await hold(held, runs, (sentence) => console.error(sentence));
    console.log(report(held, rounds, psql, json));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function report(contests: Contest[], rounds: Round[], psql: string, json: boolean): string {
  const results = new Map(contests.map((contest) => [contest, resultsOf(contest, rounds)]));
  const verdicts = [...results].flatMap(([contest, rows]) => verdictsOf(contest, rows));
  if (json) {
    const machine = { cores: cpus().length, processor: cpus()[0]!.model, psql, node: process.version };
    const summary = Object.fromEntries([...results].map(([{ title }, rows]) => [title, rows]));
    return JSON.stringify({ machine, wanted: verdicts, summary, rounds });
  }
  const loads = rounds.map(({ load }) => load.toFixed(1)).join(" ");
  return [
    `median of ${rounds.length} runs on ${cpus().length} cores, loads ${loads}`,
    renderResults(results),
    ...verdicts.map(({ contest, than, most, value }) => {
      const verdict = value <= most ? "as wanted" : "MISSED";
      return `${contest}: ${value.toFixed(2)}x ${than}'s, wanted at most ${most}x: ${verdict}`;
    }),
  ].join("\n");
}
