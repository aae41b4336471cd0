import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { UserError } from "../errors.ts";
import { interruption } from "./signals.ts";

/**
 * Where a server's own tools run: what stands before each command. `docker exec` into a container, or nothing inside a
 * container that has them all.
 */
export type Tools = readonly string[];

/** The tools of a container that runs. @param environment NAME=VALUE, no secrets: they can be seen by everybody */
export function toolsIn(container: string, environment: string[] = []): Tools {
  return ["docker", "exec", "--interactive", ...environment.flatMap((each) => ["--env", each]), container];
}

/** A tool that runs. */
export interface Running {
  stdin: Writable;
  stdout: Readable;
  /** Resolves when it has ended well, with what it wrote to standard error. @throws UserError with that, when it has not */
  ended: Promise<string>;
  /** Asks it to end. Behind `docker exec` only the client ends, and the tool when it next writes. */
  kill(): void;
}

/** Starts a tool. Its standard input stays open until the caller ends it. A signal that stops this process ends it, too. */
export function start(tools: Tools, command: string[]): Running {
  const [program, ...args] = [...tools, ...command];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program!, args, { stdio: "pipe" });
  // A tool that ends before it has read everything closes the pipe; its exit code tells more.
  child.stdin.on("error", () => {});
  const kill = () => void child.kill();
  interruption.addEventListener("abort", kill);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const ended = new Promise<string>((resolve, reject) => {
    child.on("error", (error) => reject(new UserError(`${program} can't be started: ${error.message}.`)));
    child.on("close", (code, signal) => {
      interruption.removeEventListener("abort", kill);
      if (code === 0) return resolve(said);
      // MongoDB's tools tell each step, and in one line why they gave up.
      const reason = /\tFailed: (.+)/.exec(said)?.[1] ?? (said.trim() || `it ended with ${signal ?? `code ${code}`}`);
      reject(new UserError(`${command[0]} failed: ${reason.replace(/\.$/, "")}.`));
    });
  });
  // Whoever started it looks at this when its output has been read, which may be after it has failed.
  ended.catch(() => {});
  return { stdin: child.stdin, stdout: child.stdout, ended, kill };
}

/** Runs a tool to its end. @param input for its standard input, the only way for a secret @returns what it printed */
export async function run(tools: Tools, command: string[], input = ""): Promise<string> {
  const tool = start(tools, command);
  tool.stdin.end(input);
  const [output] = await Promise.all([text(tool.stdout), tool.ended]);
  return output.trim();
}

/**
 * Gives a tool what it reads, and waits for its end.
 * @param source writes to the stream, and ends it
 */
export async function feed(tool: Running, source: (target: Writable) => Promise<void>): Promise<void> {
  tool.stdout.resume();
  try {
    await source(tool.stdin);
  } catch (error) {
    tool.stdin.destroy();
    // A pipe that the tool has closed says less than why it did.
    if (["EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes((error as NodeJS.ErrnoException).code ?? "")) await tool.ended;
    throw error;
  }
  await tool.ended;
}

/** A psql that stays open: what it locks and which snapshot it holds lives as long as it does, and ends with this process. */
export class PsqlSession {
  readonly #psql: Running;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(tools: Tools, database: string) {
    this.#psql = start(tools, ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", `--dbname=${database}`]);
    this.#reader = createInterface({ input: this.#psql.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** @returns what the statements print, line by line */
  async ask(statements: string): Promise<string[]> {
    const mark = "-- end of answer --";
    this.#psql.stdin.write(`${statements};\n\\echo ${mark}\n`);
    const answer: string[] = [];
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done) {
        await this.#psql.ended;
        throw new UserError("psql ended before it answered.");
      }
      if (value === mark) return answer;
      answer.push(value);
    }
  }

  async end(): Promise<void> {
    this.#psql.stdin.end();
    await this.#psql.ended.catch(() => {});
    this.#reader.close();
  }
}
