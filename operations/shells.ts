import { spawnSync } from "node:child_process";
import type { StackOutputs } from "../outputs.ts";
import { UserError } from "./errors.ts";

/** Where MongoDB's container has the password of `admin`: see components/mongodb.ts. */
const adminPassword = "/data/configdb/admin-password";

/** How a shell has ended. */
export interface ShellEnd {
  exitCode: number;
  /** What it wrote, where that was captured; else null. */
  stdout: string | null;
  stderr: string | null;
}

/**
 * psql in PostgreSQL's container, on this process's own terminal and input.
 * @param args of psql, in addition: `-c "SELECT 1"`
 * @param output where it writes: to this process's own output, or to the result
 */
export function psql({ postgres }: StackOutputs, args: string[], output: "inherit" | "pipe"): ShellEnd {
  const command = ["psql", `--username=${postgres.user}`, `--dbname=${postgres.database}`, ...args];
  return inside(postgres.container, command, output);
}

/** mongosh in MongoDB's container, as `admin`, likewise. @param args of mongosh, in addition: `--eval "db.stats()"` */
export function mongosh({ mongodb }: StackOutputs, args: string[], output: "inherit" | "pipe"): ShellEnd {
  // Arguments can be seen by everybody on the host, so the shell reads the password itself.
  const login = `void db.getSiblingDB("admin").auth("admin", require("fs").readFileSync("${adminPassword}", "utf8"))`;
  // A shell that was given something to evaluate ends after it.
  const isScript = args.some((arg) => /^--(eval|file)\b|^-f/.test(arg) || /\.m?js$/.test(arg));
  const start = ["mongosh", "--quiet", mongodb.database, "--eval", login, ...(isScript ? [] : ["--shell"])];
  return inside(mongodb.container, [...start, ...args], output);
}

function inside(container: string, command: string[], output: "inherit" | "pipe"): ShellEnd {
  const terminal = output === "inherit" && process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
  const args = ["exec", "--interactive", ...terminal, container, ...command];
  const { status, error, stdout, stderr } = spawnSync("docker", args, {
    stdio: ["inherit", output, output],
    encoding: "utf8",
    maxBuffer: Infinity,
  });
  if (error !== undefined) throw new UserError(`${command[0]} can't be started: ${error.message}`);
  return { exitCode: status ?? 1, stdout, stderr };
}
