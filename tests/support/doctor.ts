import { expect } from "@jest/globals";
import type { StackOutputs } from "../../outputs.ts";
import type { Clone } from "./clone.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Ended } from "./project.ts";

/** What doctor finds wrong. */
export interface Fault {
  name: string;
  problem: string;
  cure: string;
}

/** A stack on which faults are provoked. */
export interface Patient {
  outputs: StackOutputs;
  /** The commands that set it up, and that do something with it, as doctor prints them. */
  setUp: string;
  tradingDb(command: string): string;
  /** Fails where a row or document is another one than after the set-up. */
  sameData(): Promise<void>;
}

/** Sets a clone up. */
export async function setUpPatient(clone: Clone): Promise<Patient> {
  expect(await clone.setUp()).toMatchObject({ code: 0, stderr: "" });
  const outputs = await clone.outputs();
  const before = await fingerprint(outputs);
  return {
    outputs,
    setUp: `./setup-databases.sh --stack ${clone.stackName}`,
    tradingDb: (command) => `npx trading-db --stack ${clone.stackName} ${command}`,
    sameData: async () => expect(await fingerprint(await clone.outputs())).toBe(before),
  };
}

/**
 * Asks `trading-db doctor` of a clone's stack.
 * @param first what was done before in the same shell
 * @returns what is wrong; the exit code has to agree
 */
export async function faultsOf(clone: Clone, first = "true"): Promise<Fault[]> {
  const { code, stdout, stderr } = await clone.login(`${first}; trading-db --stack ${clone.stackName} doctor --json`);
  expect(stderr).toBe("");
  // What was done before may have written, too.
  const { checks } = JSON.parse(stdout.slice(stdout.search(/^\{$/m))) as { checks: Fault[] };
  const faults = checks.filter(({ problem }) => problem !== null);
  expect(code).toBe(faults.length > 0 ? 1 : 0);
  return faults;
}

/**
 * Does what doctor's last line says: runs the first command that it prints, and looks again, until nothing is wrong.
 * @param rounds how often that is to be done at most
 */
export async function heal(clone: Clone, faults: Fault[], rounds = 1): Promise<void> {
  let left = faults;
  let ended: Ended | undefined;
  for (let round = 0; round < rounds && left.length > 0; round++) {
    ended = await clone.login(left[0]!.cure);
    left = await faultsOf(clone);
  }
  // A cure before the last one may stop where that one begins.
  expect({ left, ended }).toEqual({ left: [], ended: expect.objectContaining({ code: 0 }) });
}
