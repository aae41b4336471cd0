import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackOutputs } from "../outputs.ts";
import { parseSettings, type Settings } from "../settings.ts";
import { PulumiError, UserError } from "./errors.ts";
import { run } from "./process.ts";

/**
 * Opens a stack that exists, to change it. What only reads asks `pulumi` itself: the Automation API takes half a second to
 * load, and selects each stack that it opens. The selection that people made is given back.
 *
 * @throws UserError where there is no such stack
 */
export async function openStack(name: string): Promise<Stack> {
  const { LocalWorkspace } = await import("@pulumi/pulumi/automation/index.js");
  try {
    const select = () => LocalWorkspace.selectStack({ stackName: name, workDir: process.cwd() });
    return await keepingSelection(name, select);
  } catch (error) {
    throw isUnknown(error) ? new UnknownStack(name) : error;
  }
}

/** The stack that is selected in this folder: the one that `pulumi` commands act on. @throws UserError for none */
export async function selectedStack(): Promise<string> {
  try {
    return (await pulumi("stack", "--show-name")).trim();
  } catch (error) {
    if (!(error instanceof PulumiError) || !/no stack selected/.test(error.message)) throw error;
    throw new UserError("No stack is selected here. Set one up: ./setup-databases.sh");
  }
}

/** Does what selects a stack, and then selects the one again that was selected before, where there was one. */
export async function keepingSelection<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
  const before = await selectedStack().catch(() => name);
  const result = await act();
  if (before !== name) await pulumi("stack", "select", before);
  return result;
}

/** @returns what it printed @throws PulumiError where it fails */
async function pulumi(...command: string[]): Promise<string> {
  const finished = await run("pulumi", [...command, "--non-interactive", "--color", "never"]);
  if (finished.code !== 0) throw new PulumiError(finished, ["pulumi", ...command].join(" "));
  return finished.stdout;
}

export class UnknownStack extends UserError {
  constructor(name: string) {
    super(`There is no stack ${name} here. Set it up: ./setup-databases.sh --stack ${name}`);
  }
}

const isUnknown = (error: unknown) => error instanceof Error && /no stack named/.test(error.message);

/** The settings of a stack, as its program sees them. @throws SettingsError that lists what is wrong in them */
export async function readSettings(stack: Stack): Promise<Settings> {
  const config = Object.entries(await stack.getAllConfig()).map(([key, { value }]) => [key, value]);
  return parseSettings(stack.name, Object.fromEntries(config), process.env["TRADING_DB_IMAGES"]);
}

/** What a stack's state holds, secrets encrypted. The Automation API's own export asks for each of them in clear. */
export async function exportDeployment(stack: Pick<Stack, "name">): Promise<Deployment> {
  const { code, stdout, stderr } = await run("pulumi", ["stack", "export", "--stack", stack.name]);
  if (code !== 0) throw new UserError(`The state of stack ${stack.name} can't be read: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
}

/** Whether a stack has anything. One that was reset has not, nor has one that is not there. */
export async function isInUse(name: string): Promise<boolean> {
  try {
    const { resources = [] } = await exportDeployment({ name });
    return resources.length > 0;
  } catch (error) {
    if (isUnknown(error)) return false;
    throw error;
  }
}

/** The parts of a state that are used here. */
export interface Deployment {
  resources?: { urn: string; type: string; id?: string; protect?: boolean; outputs?: Record<string, unknown> }[];
  pending_operations?: unknown[];
}

/** What a stack's state says is its own. */
export interface OwnThings {
  /** Identity of the stack's state; undefined before its first resource was made. */
  installation: string | undefined;
  /** Docker ids of the containers and networks in the state. */
  ids: Set<string>;
}

export function ownThings({ resources = [] }: Deployment): OwnThings {
  const ids = resources.filter(({ type }) => /^docker:index\/(container|network):/.test(type)).map(({ id }) => id!);
  const identity = resources.find(({ urn }) => urn.endsWith("::trading-db-installation"));
  return { installation: identity?.outputs?.["hex"] as string | undefined, ids: new Set(ids) };
}

/** The outputs of a stack, secrets in clear. @throws UserError where it does not exist, or never came up whole */
export async function readOutputs(name: string): Promise<StackOutputs> {
  return parseOutputs(name, await readPartialOutputs(name));
}

/** What there is of the outputs of a stack that may never have come up whole. @throws UserError where it does not exist */
export async function readPartialOutputs(name: string): Promise<Partial<StackOutputs>> {
  try {
    return JSON.parse(
      await pulumi("stack", "output", "--json", "--show-secrets", "--stack", name),
    ) as Partial<StackOutputs>;
  } catch (error) {
    throw isUnknown(error) ? new UnknownStack(name) : error;
  }
}

/** @throws UserError where an output is missing: the stack never came up whole, or an older program made it */
export function parseOutputs(stack: string, outputs: Partial<StackOutputs>): StackOutputs {
  const names = ["postgres", "mongodb", "environment", "networks", "installation"] as const;
  const missing = names.filter((name) => outputs[name] === undefined);
  if (missing.length === 0) return outputs as StackOutputs;
  throw new UserError(
    `Stack ${stack} has no output ${missing.join(", ")}: it never came up whole. Bring it up: ./setup-databases.sh --stack ${stack}`,
  );
}
