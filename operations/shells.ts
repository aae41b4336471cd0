import { spawnSync } from "node:child_process";
import type { StackOutputs } from "../outputs.ts";
import { UserError } from "./errors.ts";

/** Where MongoDB's container has the password of `admin`: see components/mongodb.ts. */
const adminPassword = "/data/configdb/admin-password";

/**
 * psql in PostgreSQL's container, on this process's own terminal, input and output.
 * @param args of psql, in addition: `-c "SELECT 1"`
 * @returns its exit code
 */
export function psql({ postgres }: StackOutputs, args: string[]): number {
  return inside(postgres.container, ["psql", `--username=${postgres.user}`, `--dbname=${postgres.database}`, ...args]);
}

/**
 * mongosh in MongoDB's container, as `admin`.
 * @param args of mongosh, in addition: `--eval "db.stats()"`
 * @returns its exit code
 */
export function mongosh({ mongodb }: StackOutputs, args: string[]): number {
  // Arguments can be seen by everybody on the host, so the shell reads the password itself.
  const login = `void db.getSiblingDB("admin").auth("admin", require("fs").readFileSync("${adminPassword}", "utf8"))`;
  // A shell that was given something to evaluate ends after it.
  const isScript = args.some((arg) => /^--(eval|file)\b|^-f/.test(arg) || /\.m?js$/.test(arg));
  return inside(mongodb.container, [
    ...["mongosh", "--quiet", mongodb.database, "--eval", login],
    ...[...(isScript ? [] : ["--shell"]), ...args],
  ]);
}

function inside(container: string, command: string[]): number {
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
  const args = ["exec", "--interactive", ...terminal, container, ...command];
  const { status, error } = spawnSync("docker", args, { stdio: "inherit" });
  if (error !== undefined) throw new UserError(`${command[0]} can't be started: ${error.message}`);
  return status ?? 1;
}
