import { spawn, type ChildProcess } from "node:child_process";
import type { Connection, Engine } from "../../migrator/types.ts";

/** A migration in a process of its own. */
export interface Runner {
  process: ChildProcess;
  ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

/**
 * Starts `migrate` from the command line.
 * @param args of the command line, in addition.
 * @param nodeOptions NODE_OPTIONS of the process.
 */
export function startMigrate(
  engine: Engine,
  connection: Connection,
  directory: string,
  args: string[] = [],
  nodeOptions = "",
): Runner {
  const options = ["--database-url", urlOf(engine, connection), "--directory", directory];
  // Where somebody looks on, jest tells its workers to write colours.
  const env = { ...process.env, FORCE_COLOR: undefined, NODE_OPTIONS: nodeOptions };
  const child = spawn(process.execPath, ["cli/migrate.ts", ...options, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) child[stream].on("data", (data) => (output[stream] += data));
  const ended = new Promise<Awaited<Runner["ended"]>>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, ...output }));
  });
  return { process: child, ended };
}

export function urlOf(engine: Engine, { host, port, database, user, password }: Connection): string {
  const scheme = engine === "postgresql" ? "postgres" : "mongodb";
  return `${scheme}://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}
