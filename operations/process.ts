import { execFile, spawn, type ExecFileException } from "node:child_process";
import { createInterface } from "node:readline";

export interface Finished {
  /** Exit code; 127 when the program does not exist. */
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end and never throws for what it says: callers decide what an exit code means.
 *
 * @param timeout milliseconds after which the program is killed @default none
 */
export function run(program: string, args: string[], timeout = 0): Promise<Finished> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string) => {
      const code = error === null ? 0 : error.code === "ENOENT" ? 127 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr: error?.code === "ENOENT" ? error.message : stderr });
    };
    execFile(program, args, { timeout, maxBuffer: 64 * 1024 * 1024 }, done);
  });
}

/** A command as root runs it, by sudo where this user isn't root. @returns its program and arguments */
export function asRoot(command: string[]): [program: string, args: string[]] {
  const [program, ...args] = process.getuid?.() === 0 ? command : ["sudo", ...command];
  return [program!, args];
}

/**
 * Runs a long program and hands over each line that it prints on standard error, to show that it lives.
 *
 * @param signal tells the program to stop, by SIGTERM
 * @returns its standard output and the last lines of its standard error
 */
export function follow(
  program: string,
  args: string[],
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal });
    const last: string[] = [];
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (last.push(line) > 30) last.shift();
      onLine(line);
    });
    child.on("error", (error) => {
      // One that was told to stop has yet to end.
      if (child.pid === undefined) resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr: last.join("\n") }));
  });
}
