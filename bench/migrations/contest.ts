import { loadavg } from "node:os";
import { time, type Command } from "../stopwatch.ts";

/** One tool at one task. */
export interface Contender {
  tool: string;
  /** What is timed, from its start to its end. */
  command(database: string): Command;
  /** Files that the tool's ledger in a database has as applied. A baseline has no ledger. */
  ledger?(database: string): Promise<number>;
}

/** One task for several tools. */
export interface Contest {
  title: string;
  /** The tool that every other one is compared with besides ours: what there is without any tool. */
  baseline?: string;
  contenders: Contender[];
  /** Whether a database that was migrated once is migrated again and again: then only the warm-up has anything to do. */
  again: boolean;
  make(): Promise<string>;
  remove(database: string): Promise<void>;
  /** What was made in a database: tables, rows. */
  count(database: string): Promise<number>;
  /** What `count` has to find, and what each ledger. */
  wanted: { count: number; ledger: number };
}

/** Seconds by contest and tool, and the load (processes that wanted a core, averaged over a minute) when it began. */
export interface Round {
  load: number;
  seconds: Record<string, Record<string, number>>;
}

/**
 * All contests, again and again: each tool has its turn in each round, so that what the machine does meanwhile hits all
 * alike. A warm-up goes first and is not counted.
 * @param tell gets a sentence at the beginning of each round.
 * @throws Error for a tool that fails, or that did not do all there was to do.
 */
export async function hold(contests: Contest[], count: number, tell: (sentence: string) => void): Promise<Round[]> {
  const kept = new Map<Contender, string>();
  const rounds: Round[] = [];
  for (let number = 0; number <= count; number++) {
    const round: Round = { load: loadavg()[0]!, seconds: {} };
    tell(`${number === 0 ? "warm-up" : `run ${number} of ${count}`}, load ${round.load.toFixed(1)}`);
    for (const contest of contests) {
      const seconds: Record<string, number> = {};
      // Nobody always comes after the same other one.
      for (const contender of rotated(contest.contenders, number)) {
        const database = kept.get(contender) ?? (await contest.make());
        seconds[contender.tool] = await time(contender.command(database));
        await refuseUnlessDone(contest, contender, database);
        if (contest.again) kept.set(contender, database);
        else await contest.remove(database);
      }
      round.seconds[contest.title] = seconds;
    }
    if (number > 0) rounds.push(round);
  }
  return rounds;
}

async function refuseUnlessDone(contest: Contest, contender: Contender, database: string): Promise<void> {
  const { wanted, title } = contest;
  const count = await contest.count(database);
  const ledger = (await contender.ledger?.(database)) ?? wanted.ledger;
  if (count === wanted.count && ledger === wanted.ledger) return;
  throw new Error(
    `${title}: ${contender.tool} made ${count} of ${wanted.count}, and noted ${ledger} of ${wanted.ledger}. No time counts.`,
  );
}

function rotated<T>(items: T[], by: number): T[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
