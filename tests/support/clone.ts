import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { nameResources, type Naming } from "../../naming.ts";
import type { StackOutputs } from "../../outputs.ts";
import { killGroup } from "./killGroup.ts";
import { copyProject, freshStackName, execute, remainsOf, removeFromDaemon, type Ended } from "./project.ts";

type Variables = Record<string, string | undefined>;

/** A copy of this project as a user has it who has just cloned it, to be set up by the script. */
export interface Clone {
  folder: string;
  stackName: string;
  names: Naming;
  /** Runs `./setup-databases.sh --stack STACK` with further options to its end. */
  setUp(options?: string[], variables?: Variables): Promise<Ended>;
  /** Starts the same, in a process group of its own as a terminal would. */
  begin(options?: string[], variables?: Variables): Run;
  /** Runs the script with exactly these arguments. */
  script(args: string[], variables?: Variables): Promise<Ended>;
  /** Runs a line in a new login shell that knows nothing but the line that the script printed. */
  login(line: string): Promise<Ended>;
  outputs(): Promise<StackOutputs>;
  /** Everything of the stack that is on the daemon, such as "container trading-postgres-x". */
  remains(): Promise<string[]>;
  /** Removes the copy and everything of its stack on the daemon, whatever is there of them. */
  remove(): void;
}

/** A run that has not ended yet. */
export interface Run {
  process: ChildProcess;
  /** Resolves when the text has appeared in what the script wrote; rejects when the script ends without it. */
  shows(text: string | RegExp): Promise<void>;
  ended: Promise<Ended>;
}

/** What a run of this project's own set-up leaves in the environment, and a clone has to find out by itself; and colours of jest. */
const SET_UP = /^(PULUMI_.*|TRADING_DB_IMAGES|NODE_COMPILE_CACHE|FORCE_COLOR)$/;

/** @param config settings of the stack, without their namespace; small memory is given to both databases */
export function makeClone(config: Record<string, string> = {}, stackName = freshStackName()): Clone {
  const folder = copyProject();
  const names = nameResources(stackName);
  const settings = Object.entries({ postgresMemory: "256", mongodbMemory: "512", ...config });
  const lines = settings.map(([key, value]) => `  trading-db:${key}: ${JSON.stringify(value)}\n`);
  writeFileSync(join(folder, `Pulumi.${stackName}.yaml`), `config:\n${lines.join("")}`);

  const runs: Run[] = [];
  const script = (args: string[], variables: Variables = {}) => {
    const started = run(folder, ["./setup-databases.sh", ...args], variables);
    runs.push(started);
    return started;
  };
  const begin = (options: string[] = [], variables: Variables = {}) =>
    script(["--stack", stackName, ...options], variables);
  const login = (line: string) =>
    execute("env", ["-i", `HOME=${process.env["HOME"]}`, "bash", "-l", "-c", `source .trading-db/env; ${line}`], {
      cwd: folder,
    });
  return {
    folder,
    stackName,
    names,
    begin,
    setUp: (options, variables) => begin(options, variables).ended,
    script: (args, variables) => script(args, variables).ended,
    login,
    async outputs() {
      const { code, stdout, stderr } = await login(`pulumi stack output --stack ${stackName} --json --show-secrets`);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as StackOutputs;
    },
    remains: () => remainsOf(names),
    remove() {
      for (const { process: child } of runs) if (child.exitCode === null && child.signalCode === null) killGroup(child);
      removeFromDaemon(names);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a program in a folder, as from a shell in which nothing of this project was set up. */
export function run(folder: string, [program, ...args]: string[], variables: Variables = {}): Run {
  const clean = Object.entries(process.env).filter(([name]) => !SET_UP.test(name));
  const child = spawn(program!, args, {
    cwd: folder,
    env: { ...Object.fromEntries(clean), ...variables },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  let check = () => {};
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    check();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    shows: (text) =>
      new Promise((resolve, reject) => {
        check = () => {
          if (typeof text === "string" ? stdout.includes(text) : text.test(stdout)) resolve();
        };
        check();
        void ended.then(() => reject(new Error(`The script ended before it showed ${text}:\n${stdout}${stderr}`)));
      }),
  };
}

/** A folder that stands for PATH, with every program of it but the named ones. To be removed by the caller. */
export function pathWithout(...missing: string[]): string {
  const programs = new Map<string, string>();
  for (const directory of process.env["PATH"]!.split(delimiter).reverse()) {
    if (!existsSync(directory)) continue;
    for (const program of readdirSync(directory)) programs.set(program, join(directory, program));
  }
  for (const program of missing) programs.delete(program);
  const folder = mkdtempSync(join(tmpdir(), "path-"));
  for (const [program, path] of programs) symlinkSync(path, join(folder, program));
  return folder;
}
