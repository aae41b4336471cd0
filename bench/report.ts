import Table from "cli-table3";

/** What is measured, and what the table calls it. */
const MEASURES = {
  containers: "containers to healthy",
  schema: "migrate + seed + verify",
  noop: "no-op",
  refreshing: "no-op, up --refresh",
  stateOnly: "no-op, apply -refresh=false",
} as const;

/** Seconds of one tool in one run. Not every tool has each measure. */
export type Figures = Partial<Record<keyof typeof MEASURES, number>>;

/** The tools of one run, and the load (processes that wanted a core, averaged over a minute) when it began. */
export interface Run {
  load: number;
  tools: Record<string, Figures>;
}

export interface Summary {
  /** Median of the runs, in seconds. */
  seconds: number;
  /** Median of the ratios to docker compose's figure of the same run; undefined where it has none. */
  ratio: number | undefined;
}

/** Each measure of each tool over all runs. */
export function summarise(runs: Run[]): Record<string, Partial<Record<keyof typeof MEASURES, Summary>>> {
  const tools = Object.keys(runs[0]!.tools);
  return Object.fromEntries(
    tools.map((tool) => {
      const measures = Object.keys(runs[0]!.tools[tool]!) as (keyof typeof MEASURES)[];
      return [tool, Object.fromEntries(measures.map((measure) => [measure, summary(runs, tool, measure)]))];
    }),
  );
}

/** Median of the ratios of two tools' figures, run by run; undefined where one was not measured. */
export function ratio(runs: Run[], measure: keyof Figures, tool: string, other: string): number | undefined {
  const pairs = runs.map(({ tools }) => [tools[tool]?.[measure], tools[other]?.[measure]]);
  return pairs.some((pair) => pair.includes(undefined)) ? undefined : median(pairs.map(([a, b]) => a! / b!));
}

/** The table for people: a row for each measure, a column for each tool. */
export function renderTable(runs: Run[]): string {
  const summaries = summarise(runs);
  const tools = Object.keys(summaries);
  const table = new Table({ head: ["", ...tools], style: { head: [], border: [] } });
  for (const [measure, title] of Object.entries(MEASURES)) {
    table.push([title, ...tools.map((tool) => cell(summaries[tool]![measure as keyof Figures]))]);
  }
  return table.toString();
}

function summary(runs: Run[], tool: string, measure: keyof Figures): Summary {
  const seconds = median(runs.map(({ tools }) => tools[tool]![measure]!));
  return { seconds, ratio: ratio(runs, measure, tool, "docker compose") };
}

function cell(summary: Summary | undefined): string {
  if (summary === undefined) return "";
  const times = summary.ratio === undefined ? "" : ` (${summary.ratio.toFixed(2)}x)`;
  return `${summary.seconds.toFixed(2)} s${times}`;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}
