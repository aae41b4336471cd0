import { execFile } from "node:child_process";
import { MigrationError, messageOf } from "./errors.ts";

/** How a `docker` command failed; `message` is what it wrote to stderr. */
export class DockerError extends Error {}

/**
 * Runs one `docker` command, and answers with its stdout.
 * @param input goes to its stdin: the only way for a secret, because arguments are visible to all.
 * @param seconds after which the command is ended. @default 30
 * @throws DockerError when it fails, MigrationError when there is no docker command.
 */
export async function docker(args: string[], input = "", seconds = 30): Promise<string> {
  return (await run(args, input, seconds)).stdout;
}

function run(args: string[], input: string, seconds: number): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout: seconds * 1000, maxBuffer: 16 * 1024 * 1024 };
    const child = execFile("docker", args, options, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      if (error.code === "ENOENT") {
        return reject(new MigrationError("The docker command was not found. Install Docker, or put it on the PATH."));
      }
      const end = error.killed ? `took longer than ${seconds} s` : `ended with code ${error.code}`;
      reject(new DockerError(stderr.trim() || `docker ${args[0]} ${end}`));
    });
    // A command that ends before it has read everything closes the pipe; its exit code tells more.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

interface ContainerState {
  name: string;
  status: string;
  exitCode: number;
  restarts: number;
}

/** What Docker says of a container, or undefined when there is no such container. */
export async function containerState(container: string): Promise<ContainerState | undefined> {
  const format = `{"name":{{json .Name}},"status":{{json .State.Status}},"exitCode":{{.State.ExitCode}},"restarts":{{.RestartCount}}}`;
  try {
    const state = JSON.parse(await docker(["inspect", "--type", "container", "--format", format, container]));
    return { ...state, name: state.name.replace(/^\//, "") };
  } catch (error) {
    if (/no such (container|object)/i.test(messageOf(error))) return undefined;
    throw error;
  }
}

/**
 * The last lines that a container logged, with every one of the secrets blacked out.
 * @param since leaves out what was logged before.
 * @param most lines
 */
export async function lastLogLines(
  container: string,
  secrets: readonly string[],
  since = new Date(0),
  most = 20,
): Promise<string> {
  const options = ["--timestamps", "--tail", String(most), "--since", since.toISOString()];
  const { stdout, stderr } = await run(["logs", ...options, container], "", 30);
  // Docker gives what went to stdout and to stderr apart; the timestamps bring back the order.
  const text = `${stdout}\n${stderr}`.split("\n").filter(Boolean).sort();
  // A container that keeps restarting says the same at each start.
  const lines = new Set(text.map((line) => line.replace(/^\S+ ?/, "")));
  return scrub([...lines].join("\n"), secrets);
}

export function scrub(text: string, secrets: readonly string[]): string {
  return secrets.filter(Boolean).reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
}
