import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { StackOutputs } from "../outputs.ts";
import { UserError } from "./errors.ts";

/** A line that a server has written. */
export interface LogLine {
  service: string;
  /** When Docker got it, ISO 8601. */
  time: string;
  text: string;
}

/**
 * Shows what a server has written, on this process's own standard output and error.
 *
 * @param service `postgres`, `mongodb`, or another that the stack runs
 * @param options of `docker logs`, such as `--follow`
 * @returns Docker's exit code
 * @throws UserError for another service, or where there is no docker command
 */
export function logs(outputs: StackOutputs, service: string, options: string[]): number {
  const { status, error } = spawnSync("docker", ["logs", ...options, containerOf(outputs, service)], {
    stdio: "inherit",
  });
  if (error !== undefined) throw new UserError(`The log can't be shown: ${error.message}`);
  return status ?? 1;
}

/** The same, line by line, for programs. @param onLine called with each line, as it comes */
export function logLines(
  outputs: StackOutputs,
  service: string,
  options: string[],
  onLine: (line: LogLine) => void,
): Promise<number> {
  const child = spawn("docker", ["logs", "--timestamps", ...options, containerOf(outputs, service)], { stdio: "pipe" });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      const space = line.indexOf(" ");
      onLine({ service, time: line.slice(0, space), text: line.slice(space + 1) });
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new UserError(`The log can't be shown: ${error.message}`)));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function containerOf({ postgres, mongodb, adminTools, backups }: StackOutputs, service: string): string {
  const containers: Record<string, string> = {
    postgres: postgres.container,
    mongodb: mongodb.container,
    ...(adminTools && { pgadmin: adminTools.pgadmin.container, "mongo-express": adminTools.mongoExpress.container }),
    ...(backups && { backup: backups.container }),
  };
  const container = containers[service];
  if (container !== undefined) return container;
  throw new UserError(`There is no log of "${service}". Choose one of ${Object.keys(containers).join(", ")}.`);
}
