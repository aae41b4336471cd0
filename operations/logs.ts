import { spawnSync } from "node:child_process";
import type { StackOutputs } from "../outputs.ts";
import { UserError } from "./errors.ts";

/**
 * Shows what a server has written, on this process's own standard output and error.
 *
 * @param service `postgres` or `mongodb`
 * @param options of `docker logs`, such as `--follow`
 * @returns Docker's exit code
 * @throws UserError for another service, or where there is no docker command
 */
export function logs({ postgres, mongodb }: StackOutputs, service: string, options: string[]): number {
  const containers: Record<string, string> = { postgres: postgres.container, mongodb: mongodb.container };
  const container = containers[service];
  if (container === undefined)
    throw new UserError(`There is no log of "${service}". Choose one: npm run logs postgres, npm run logs mongodb`);
  const { status, error } = spawnSync("docker", ["logs", ...options, container], { stdio: "inherit" });
  if (error !== undefined) throw new UserError(`The log can't be shown: ${error.message}`);
  return status ?? 1;
}
