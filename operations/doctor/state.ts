import type { StackOutputs } from "../../outputs.ts";
import { parseSettings, type Settings } from "../../settings.ts";
import { isAbandoned, readLocks } from "../locks.ts";
import { run, type Finished } from "../process.ts";
import { parseOutputs, type Deployment } from "../stack.ts";
import { newestCopy } from "../stateFile.ts";
import { setUp, type Check, type Fault } from "./check.ts";

/** What Pulumi knows of a stack, as far as it can be read, and what there is to say of that. */
export interface Reading {
  checks: Check[];
  settings?: Settings;
  deployment?: Deployment;
  /** Missing where the stack never came up whole. */
  outputs?: StackOutputs;
  /** What keeps it from being whole: the last thing to mend. */
  whole?: Check;
  /** Whether Pulumi has no stack of this name: then none of the things with its names is its own. */
  isAbsent?: boolean;
}

/** Reads all at once. Never selects the stack, as Pulumi's Automation API would. */
export async function readStack(stack: string): Promise<Reading> {
  const ask = (...command: string[]) => run("pulumi", [...command, "--non-interactive", "--color", "never"], 60_000);
  const [version, state, config, output] = await Promise.all([
    ask("version"),
    ask("stack", "export", "--stack", stack),
    ask("config", "--json", "--stack", stack),
    ask("stack", "output", "--json", "--show-secrets", "--stack", stack),
  ]);
  const pulumiRuns = check("Pulumi runs", describePulumi(version));
  if (version.code !== 0) return { checks: [pulumiRuns] };
  const unreadable = state.code === 0 ? undefined : describeState(stack, state);
  const checks = [
    pulumiRuns,
    check("the state's lock is held by nobody who is gone", describeLock(stack)),
    check("the state can be read", unreadable),
  ];
  if (unreadable !== undefined) return { checks, isAbsent: /no stack named/.test(state.stderr) };

  const { deployment } = JSON.parse(state.stdout) as { deployment: Deployment };
  const settings = readSettings(stack, config);
  const outputs = readOutputs(stack, output);
  return {
    checks: [
      ...checks,
      check("no operation is unfinished", describePending(stack, deployment)),
      check("the settings can be used", "problem" in settings ? settings : undefined),
    ],
    whole: check("the stack came up whole", "problem" in outputs ? outputs : undefined),
    deployment,
    ...(!("problem" in settings) && { settings }),
    ...(!("problem" in outputs) && { outputs }),
  };
}

const check = (name: string, found: Fault | undefined): Check => ({ name, look: () => found });

function describePulumi({ code, stderr }: Finished): Fault | undefined {
  if (code === 0) return undefined;
  const reason = code === 127 ? "there is no pulumi command" : (stderr.trim().split("\n").at(-1) ?? "");
  return {
    problem: `Pulumi does not run: ${reason}.`,
    cure: "./setup-databases.sh --prepare && source .trading-db/env",
  };
}

function describeLock(stack: string): Fault | undefined {
  const lock = readLocks(stack).find(isAbandoned);
  return (
    lock && {
      problem: `Process ${lock.pid} of ${lock.username} locked the state at ${lock.timestamp}, and is gone.`,
      cure: `pulumi cancel --yes --stack ${stack}`,
    }
  );
}

function describePending(stack: string, { pending_operations: pending = [] }: Deployment): Fault | undefined {
  if (pending.length === 0) return undefined;
  return {
    problem: `An update was interrupted, and ${pending.length} of its operations may be half done.`,
    cure: setUp(stack),
  };
}

function describeState(stack: string, { stderr }: Finished): Fault {
  const reason = stderr.replace(/^error: /, "").trim();
  if (/no stack named/.test(reason)) return { problem: `There is no stack ${stack} here.`, cure: setUp(stack) };
  const problem = `The state of stack ${stack} can't be read: ${reason.split("\n")[0]}.`;
  return newestCopy(stack) === undefined
    ? { problem, cure: "pulumi whoami --verbose" }
    : { problem: `${problem} A copy of it can.`, cure: setUp(stack) };
}

function readSettings(stack: string, { code, stdout, stderr }: Finished): Settings | Fault {
  if (code !== 0) return { problem: stderr.trim(), cure: `pulumi config --stack ${stack}` };
  const config = Object.entries(JSON.parse(stdout) as Record<string, { value: string }>);
  try {
    const values = Object.fromEntries(config.map(([key, { value }]) => [key, value]));
    return parseSettings(stack, values, process.env["TRADING_DB_IMAGES"]);
  } catch (error) {
    const { message } = error as Error;
    const commands = [...message.matchAll(/pulumi config (?:set|rm) \S+.*$/gm)].map(
      ([command]) => `${command} --stack ${stack}`,
    );
    return { problem: message.replaceAll(/\n\s+- /g, " "), cure: commands.join(" && ") };
  }
}

function readOutputs(stack: string, { code, stdout, stderr }: Finished): StackOutputs | Fault {
  if (/incorrect passphrase/.test(stderr)) {
    return {
      problem: "The passphrase in the environment does not open this stack's state.",
      cure: "unset PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE && source .trading-db/env",
    };
  }
  try {
    return parseOutputs(stack, code === 0 ? (JSON.parse(stdout) as Partial<StackOutputs>) : {});
  } catch (error) {
    const [problem = ""] = (error as Error).message.split(" Bring it up: ");
    return { problem, cure: setUp(stack) };
  }
}
