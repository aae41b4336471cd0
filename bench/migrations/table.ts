import Table from "cli-table3";
import { median } from "../report.ts";
import type { Contest, Round } from "./contest.ts";

/** What one tool came to in one contest. */
export interface Result {
  tool: string;
  /** Median of the rounds. */
  seconds: number;
  /** Medians of the ratios to the figures of the same round. */
  toOurs: number;
  toBaseline: number | undefined;
}

/** What is wanted of ours, and what was found: a ratio to another tool's time. */
export interface Verdict {
  contest: string;
  than: string;
  most: number;
  value: number;
}

export function resultsOf({ title, baseline, contenders }: Contest, rounds: Round[]): Result[] {
  const secondsOf = (tool: string) => rounds.map(({ seconds }) => seconds[title]![tool]!);
  const ratio = (tool: string, other: string) =>
    median(secondsOf(tool).map((value, round) => value / secondsOf(other)[round]!));
  return contenders
    .map(({ tool }) => ({
      tool,
      seconds: median(secondsOf(tool)),
      toOurs: ratio(tool, "ours"),
      toBaseline: baseline === undefined ? undefined : ratio(tool, baseline),
    }))
    .sort((a, b) => a.seconds - b.seconds);
}

/** Ours has to be faster than each rival; and where rows are copied, within a tenth of psql's \copy. */
export function verdictsOf(contest: Contest, results: Result[]): Verdict[] {
  const { title, baseline } = contest;
  const rivals = results.filter(({ tool }) => tool !== "ours" && (tool !== baseline || tool === "mongoimport"));
  const verdicts = rivals.map(({ tool, toOurs }) => ({ contest: title, than: tool, most: 1, value: 1 / toOurs }));
  const copy = /^PostgreSQL: .* rows$/.test(title) && results.find(({ tool }) => tool === "ours")?.toBaseline;
  return copy ? [...verdicts, { contest: title, than: "psql", most: 1.1, value: copy }] : verdicts;
}

export function renderResults(results: Map<Contest, Result[]>): string {
  const table = new Table({ head: ["", "tool", "median", "to ours", "to baseline"], style: { head: [], border: [] } });
  for (const [{ title, baseline }, rows] of results) {
    const column = (cell: (row: Result) => string) => rows.map(cell).join("\n");
    const factor = (value: number | undefined) => (value === undefined ? "" : `${value.toFixed(2)}x`);
    table.push([
      title,
      column(({ tool }) => (tool === baseline ? `${tool} (baseline)` : tool)),
      column(({ seconds }) => `${seconds.toFixed(2)} s`),
      column(({ toOurs }) => factor(toOurs)),
      column(({ toBaseline }) => factor(toBaseline)),
    ]);
  }
  return table.toString();
}
