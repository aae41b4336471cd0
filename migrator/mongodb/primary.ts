import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "mongodb";
import { MigrationError } from "../errors.ts";
import { isUnknownOutcome } from "./unknownOutcome.ts";

/** As long as an election after a restart or a step-down may take. */
const electionSeconds = 60;

/**
 * Waits until the server is the primary of its set: after a restart or a step-down it is not at once.
 * @param tell gets a sentence when that takes more than a second.
 * @throws MigrationError after 60 s.
 */
export async function waitForPrimary(admin: Db, server: string, tell: (sentence: string) => void): Promise<void> {
  const begun = performance.now();
  for (let told = false; !(await isPrimary(admin)); await sleep(100)) {
    const waited = performance.now() - begun;
    if (waited > electionSeconds * 1000) {
      throw new MigrationError(
        `${server} did not become primary of its replica set in ${electionSeconds} s. Nothing was applied. ` +
          `Look at rs.status() for the reason, and run \`pulumi up\` again.`,
      );
    }
    if (!told && waited > 1000) {
      told = true;
      tell(`Waiting for ${server} to become primary of its replica set.`);
    }
  }
}

async function isPrimary(admin: Db): Promise<boolean> {
  try {
    return Boolean((await admin.command({ hello: 1 })).isWritablePrimary);
  } catch (error) {
    // A server that steps down closes its connections, and answers again at once.
    if (isUnknownOutcome(error)) return false;
    throw error;
  }
}
