import { listed } from "../migrator/errors.ts";
import { listCredentials, rotateCredentials, type Credential } from "../operations/credentials.ts";
import { placeOf } from "../operations/backups/ofStack.ts";
import { diagnose, isWell, type Diagnosis } from "../operations/doctor.ts";
import { renderEnvironment, type EnvironmentFormat } from "../operations/environment.ts";
import { activity as readActivity } from "../operations/inspect.ts";
import { brokenInvariants } from "../operations/invariants.ts";
import { start as startContainers, stop as stopContainers } from "../operations/lifecycle.ts";
import { openStack } from "../operations/stack.ts";
import { stackStatus } from "../operations/status.ts";
import { table } from "../operations/table.ts";
import { verify as runChecks, type Check } from "../operations/verify.ts";
import type { StackOutputs } from "../outputs.ts";
import { exitCodes, type Outcome } from "./outcome.ts";
import { statusScreen } from "./statusScreen.ts";

/** What a command works on. */
export interface StackRun {
  /** Its name. */
  stack: string;
  outputs: StackOutputs;
  /** Gets what is worth knowing before the end. */
  tell: (sentence: string) => void;
}

export async function status({ stack, outputs }: StackRun): Promise<Outcome> {
  const found = await stackStatus(outputs, placeOf(stack, outputs));
  return {
    lines: statusScreen(stack, found),
    data: { stack, ...found },
    code: found.healthy ? 0 : exitCodes.refused,
  };
}

export async function verify({ outputs, tell }: StackRun): Promise<Outcome> {
  const checks = await runChecks(outputs, (check) => tell(checkLine(check)));
  const failed = checks.filter(({ problem }) => problem !== undefined);
  return {
    lines: [
      failed.length === 0 ? `✔ ${checks.length} checks hold` : `✖ ${failed.length} of ${checks.length} checks failed`,
    ],
    data: { checks: checks.map(({ name, problem = null, seconds }) => ({ name, problem, seconds })) },
    code: failed.length === 0 ? 0 : exitCodes.refused,
  };
}

function checkLine({ name, problem, seconds }: Check): string {
  return `${problem === undefined ? "✔" : "✖"} ${name}${problem === undefined ? "" : `: ${problem}`} (${seconds.toFixed(2)} s)`;
}

/** Needs nothing but a name: it is asked where nothing else answers any more. */
export async function doctor(stack: string): Promise<Outcome> {
  const found = await diagnose(stack);
  return {
    lines: doctorScreen(stack, found),
    data: { stack, checks: found.map(({ name, problem = null, cure = null }) => ({ name, problem, cure })) },
    code: isWell(found) ? 0 : exitCodes.refused,
  };
}

/** One line for each check, and below what is wrong the command that mends it. */
export function doctorScreen(stack: string, found: Diagnosis[]): string[] {
  const lines = found.map(({ name, problem, cure }) =>
    problem === undefined ? `✔ ${name}` : `✖ ${name}: ${problem}\n    ${cure}`,
  );
  const faults = found.filter(({ problem }) => problem !== undefined);
  if (faults.length === 0) return [...lines, `✔ stack ${stack} is well: ${found.length} checks hold`];
  const needsPulumi = faults.some(({ cure }) => /^pulumi/.test(cure ?? ""));
  return [
    ...lines,
    `✖ ${faults.length} of ${found.length} checks found a problem in stack ${stack}. Run the first command, then look again: one fault may show in several.`,
    ...(needsPulumi ? ["In a shell where `pulumi` is not known yet: source .trading-db/env"] : []),
  ];
}

export async function start({ outputs }: StackRun): Promise<Outcome> {
  const names = await startContainers(outputs);
  return { lines: healthyLines(names), data: { started: names } };
}

const healthyLines = (names: string[]) => names.map((name) => `✔ ${name} is healthy`);

export async function stop({ outputs }: StackRun): Promise<Outcome> {
  const names = await stopContainers(outputs);
  return { lines: names.map((name) => `✔ ${name} is stopped; its data stay`), data: { stopped: names } };
}

export async function restart({ outputs }: StackRun): Promise<Outcome> {
  await stopContainers(outputs);
  const names = await startContainers(outputs);
  return { lines: healthyLines(names), data: { restarted: names } };
}

export async function activity({ outputs }: StackRun): Promise<Outcome> {
  const found = await readActivity(outputs);
  const sessions = found.sessions.map((session) => Object.values(session).map((value) => String(value ?? "")));
  return {
    lines: [
      sessions.length > 0
        ? table(Object.keys(found.sessions[0]!), sessions)
        : "PostgreSQL has no session but this one.",
      ...Object.entries(found.mongodb).map(([name, value]) => `MongoDB ${name}: ${JSON.stringify(value)}`),
    ],
    data: found,
  };
}

export async function invariants({ outputs }: StackRun): Promise<Outcome> {
  const found = await brokenInvariants(outputs);
  const tables = [found.checks, found.crossStore]
    .filter((rows) => rows.length > 0)
    .map((rows) =>
      table(
        Object.keys(rows[0]!),
        rows.map((row) => Object.values(row).map(String)),
      ),
    );
  return {
    lines: tables.length > 0 ? tables : ["✔ the invariants of both databases, and those between them, hold"],
    data: found,
    code: tables.length > 0 ? exitCodes.refused : 0,
  };
}

export function credentials({ outputs }: StackRun): Outcome {
  const found = listCredentials(outputs);
  return {
    lines: [
      credentialTable(found),
      "Their passwords:  pulumi stack output --show-secrets, or for trading services: npx trading-db env",
      "New passwords:    npx trading-db credentials --rotate, for all or for those that are named behind it",
    ],
    data: { credentials: found },
  };
}

/** @param names of credentials; none means all */
export async function rotate({ stack, outputs, tell }: StackRun, names: string[]): Promise<Outcome> {
  const { renewed, environment, failed } = await rotateCredentials(await openStack(stack), outputs, names, tell);
  const count = renewed.length === 1 ? "This password is" : `These ${renewed.length} passwords are`;
  return {
    lines: [
      credentialTable(renewed),
      `✔ ${count} new, in server and state. Connections that are open stay.`,
      ...(environment.length > 0
        ? [`Tell the trading services their new ${listed(environment)}: npx trading-db env`]
        : ["Trading services go on with what they have."]),
      ...failed.map(checkLine),
    ],
    data: { rotated: renewed, environment, failed: failed.map(({ name, problem }) => ({ name, problem })) },
    code: failed.length === 0 ? 0 : exitCodes.refused,
  };
}

function credentialTable(credentials: Credential[]): string {
  return table(
    ["name", "server", "user", "for"],
    credentials.map(({ name, server, user, use }) => [name, server, user, use]),
  );
}

export function env({ outputs: { environment } }: StackRun, format: EnvironmentFormat): Outcome {
  return { lines: [renderEnvironment(environment, format)], data: environment };
}
