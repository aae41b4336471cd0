import { spawn } from "node:child_process";

export interface Command {
  program: string;
  args: string[];
  cwd?: string;
  env?: Record<string, string>;
  /** Called with each piece of standard output as it comes, and the seconds since the start. */
  onOutput?: (text: string, seconds: number) => void;
}

/**
 * Runs a command from its start to its end.
 *
 * @returns seconds
 * @throws Error with everything that it wrote, when it fails
 */
export function time({ program, args, cwd, env, onOutput }: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let written = "";
    child.stdout.on("data", (chunk: Buffer) => {
      written += chunk.toString();
      onOutput?.(chunk.toString(), seconds());
    });
    child.stderr.on("data", (chunk: Buffer) => (written += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(seconds());
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${written}`));
    });
  });
}
