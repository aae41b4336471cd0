import type { EngineEvent, OutputMap, Stack, UpOptions } from "@pulumi/pulumi/automation/index.js";
import { tell, UserError } from "./errors.ts";

/**
 * Brings a stack up, and says each thing that was made or changed.
 *
 * @param say called with a line such as "created container trading-postgres (0.9 s)"
 * @param options `signal` ends it in order; `replace` has the URNs of what is made anew, with all that depends on it
 * @returns outputs of the stack
 * @throws UserError with what the engine and the providers said, without their frame
 */
export async function deploy(
  stack: Stack,
  say: (line: string) => void,
  options: Pick<UpOptions, "replace" | "signal"> = {},
): Promise<OutputMap> {
  const started = new Map<string, number>();
  const problems: string[] = [];
  const onEvent = (event: EngineEvent) => {
    const { resourcePreEvent, resOutputsEvent, diagnosticEvent } = event;
    if (resourcePreEvent !== undefined) started.set(resourcePreEvent.metadata.urn, Date.now());
    if (resOutputsEvent !== undefined) {
      const line = describeStep(resOutputsEvent.metadata);
      const seconds = (Date.now() - (started.get(resOutputsEvent.metadata.urn) ?? Date.now())) / 1000;
      if (line !== undefined) say(`${line} (${seconds.toFixed(1)} s)`);
    }
    if (diagnosticEvent?.severity === "error") problems.push(clean(diagnosticEvent.message));
  };
  // Refreshing first, because a container that was removed by hand is otherwise not missed.
  try {
    const quiet = { suppressOutputs: true, suppressProgress: true };
    return (await stack.up({ refresh: true, onEvent, ...quiet, ...options })).outputs;
  } catch (error) {
    const told = [...new Set(problems)].filter((problem) => !/^(update failed|resource .* was not)/.test(problem));
    throw new UserError(told.length > 0 ? told.join("\n") : tell(error as Error));
  }
}

type Step = NonNullable<EngineEvent["resOutputsEvent"]>["metadata"];

const DONE: Record<string, string> = {
  create: "created",
  update: "updated",
  "create-replacement": "replaced",
  delete: "deleted",
};

/** A step in words, or undefined for what isn't worth a line. */
export function describeStep({ op, type, new: after, old }: Step): string | undefined {
  const outputs = (after ?? old)?.outputs ?? {};
  const done = DONE[op];
  if (done === undefined) return undefined;
  const docker = /^docker:index\/(container|network|volume):/.exec(type);
  if (docker !== null) return `${done} ${docker[1]} ${outputs["name"]}`;
  if (op === "delete") return undefined;
  const inside = /^pulumi-nodejs:dynamic\/tradingdb:(Postgres|Mongo)(\w+)$/.exec(type);
  if (inside === null) return undefined;
  const engine = inside[1] === "Postgres" ? "PostgreSQL" : "MongoDB";
  switch (inside[2]) {
    case "Roles":
    case "Users":
      return `${engine} answers; ${count(outputs["changes"], "change")} to roles and users`;
    case "Migrations":
      return `${engine} is migrated to ${outputs["version"]}`;
    default:
      return `${engine} has ${count(outputs["seeded"], "seed")}`;
  }
}

function count(list: unknown, noun: string): string {
  const number = Array.isArray(list) ? list.length : 0;
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Takes Pulumi's colour marks and the plugins' frame off a message: what is left is what went wrong. */
export function clean(message: string): string {
  return message
    .replaceAll(/<\{%.*?%\}>/g, "")
    .replace(/^\s*error:\s*/, "")
    .replace(/^\S+ resource '\S+' has a problem: /, "")
    .replace(/^\s*sdk-v2\/provider2\.go:\d+: sdk\.helper_schema: /, "")
    .replace(/: provider=\S+@\S+\s*$/, "")
    .replace(/^1 error occurred:\s*\* /, "")
    .trim();
}
