import { LocalWorkspace, type OutputMap, type Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackOutputs } from "../outputs.ts";
import { parseSettings, type Settings } from "../settings.ts";
import { UserError } from "./errors.ts";
import { run } from "./process.ts";

/** Opens a stack that exists. @throws UserError where it doesn't */
export async function openStack(name: string): Promise<Stack> {
  try {
    return await LocalWorkspace.selectStack({ stackName: name, workDir: process.cwd() });
  } catch (error) {
    if (!(error instanceof Error) || !/no stack named/.test(error.message)) throw error;
    throw new UserError(`There is no stack ${name} here. Set it up: ./setup-databases.sh --stack ${name}`);
  }
}

/** The stack that is selected in this folder: the one that `pulumi` commands act on. */
export async function selectedStack(): Promise<string> {
  const workspace = await LocalWorkspace.create({ workDir: process.cwd() });
  const current = await workspace.stack();
  if (current === undefined) throw new UserError("No stack is selected here. Set one up: ./setup-databases.sh");
  return current.name;
}

/** The settings of a stack, as its program sees them. @throws pulumi.RunError that lists what is wrong in them */
export async function readSettings(stack: Stack): Promise<Settings> {
  const config = Object.entries(await stack.getAllConfig()).map(([key, { value }]) => [key, value]);
  return parseSettings(stack.name, Object.fromEntries(config), process.env["TRADING_DB_IMAGES"]);
}

/** What a stack's state holds, secrets encrypted. The Automation API's own export asks for each of them in clear. */
export async function exportDeployment(stack: Stack): Promise<Deployment> {
  const { code, stdout, stderr } = await run("pulumi", ["stack", "export", "--stack", stack.name]);
  if (code !== 0) throw new UserError(`The state of stack ${stack.name} can't be read: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
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

/** The outputs of a stack, secrets in clear. @throws UserError where it never came up whole */
export async function readOutputs(stack: Stack): Promise<StackOutputs> {
  return parseOutputs(stack.name, await stack.outputs());
}

/** @throws UserError where an output is missing: the stack never came up whole, or an older program made it */
export function parseOutputs(stack: string, outputs: OutputMap): StackOutputs {
  const names: (keyof StackOutputs)[] = ["postgres", "mongodb", "environment", "networks", "installation"];
  const missing = names.filter((name) => outputs[name] === undefined);
  if (missing.length > 0) {
    throw new UserError(
      `Stack ${stack} has no output ${missing.join(", ")}: it never came up whole. Bring it up: ./setup-databases.sh --stack ${stack}`,
    );
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { value }]) => [name, value]),
  ) as unknown as StackOutputs;
}
