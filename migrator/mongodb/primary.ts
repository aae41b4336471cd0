import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "mongodb";
import { MigrationError } from "../errors.ts";
import { isUnknownOutcome } from "./unknownOutcome.ts";

/** As long as an election after a restart or a step-down may take. */
const electionSeconds = 60;

/**
 * Waits until the server is the primary of its set: after a restart or a step-down it is not at once.
 * @param tell gets a sentence when that takes more than a second.
 * @throws MigrationError after 60 s, and at once for a server that was started without a set.
 */
export async function waitForPrimary(admin: Db, server: string, tell: (sentence: string) => void): Promise<void> {
  const begun = performance.now();
  for (let told = false; !(await isPrimary(admin, server)); await sleep(100)) {
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

async function isPrimary(admin: Db, server: string): Promise<boolean> {
  try {
    const { isWritablePrimary, setName, isreplicaset, msg } = await admin.command({ hello: 1 });
    // A member that is not initiated yet says so, and a router of shards.
    if (!setName && !isreplicaset && msg !== "isdbgrid") {
      throw new MigrationError(
        `${server} is no member of a replica set, and without one MongoDB knows no transactions. Nothing was applied. ` +
          `Start mongod with --replSet rs0, run rs.initiate() once, and run \`pulumi up\` again.`,
      );
    }
    return Boolean(isWritablePrimary);
  } catch (error) {
    // A server that steps down closes its connections, and answers again at once.
    if (isUnknownOutcome(error)) return false;
    throw error;
  }
}
