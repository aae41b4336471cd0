import { run } from "./process.ts";

/** What the Docker client says of the engine. */
export type EngineState =
  | { kind: "running"; version: string }
  | { kind: "no client" }
  | { kind: "no permission" }
  | { kind: "not running"; said: string };

/** Asks once, within ten seconds. */
export async function askEngine(): Promise<EngineState> {
  const { code, stdout, stderr } = await run("docker", ["version", "--format", "{{.Server.Version}}"], 10_000);
  if (code === 127) return { kind: "no client" };
  if (code === 0) return { kind: "running", version: stdout.trim() };
  if (/permission denied/i.test(stderr)) return { kind: "no permission" };
  return { kind: "not running", said: stderr.trim() };
}
