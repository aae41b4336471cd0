import { userInfo } from "node:os";
import { run } from "../operations/process.ts";

/** Members of this group may use Docker's socket. */
export const DOCKER_GROUP = "docker";

/** The variable that tells the run that begins anew why it does. */
const JOINED = "TRADING_DB_JOINED_DOCKER";

/**
 * Begins the whole script anew as a member of the group `docker`, where this user has been one only since the last login:
 * a process has the groups that its login had. Returns where that would not help.
 */
export async function beginAnewAsMember(): Promise<void> {
  const [member, acting] = await Promise.all([groupsOf(userInfo().username), groupsOf()]);
  if (!member.includes(DOCKER_GROUP) || acting.includes(DOCKER_GROUP)) return;
  process.env[JOINED] = "yes";
  const words = process.argv.slice(2).map((word) => `'${word}'`);
  process.execve!("/usr/bin/sg", ["sg", DOCKER_GROUP, "-c", ["exec ./setup-databases.sh", ...words].join(" ")]);
}

/** What to tell whoever is a member only from the next login on; undefined for everybody else. */
export function adviceForNewMember(): string | undefined {
  return (
    process.env[JOINED] &&
    `From the next login on, this user may use Docker everywhere; until then: newgrp ${DOCKER_GROUP}`
  );
}

/** Names of a user's groups as they are on record, or of those that this process acts with. */
async function groupsOf(...user: string[]): Promise<string[]> {
  return (await run("id", ["--name", "--groups", ...user])).stdout.trim().split(" ");
}
