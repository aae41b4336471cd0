import { setTimeout as sleep } from "node:timers/promises";
import { containerState, lastLogLines, scrub } from "./docker.ts";
import { MigrationError, Unreachable, messageOf } from "./errors.ts";
import type { Connection, Wait } from "./types.ts";

const limitSeconds = 60;
const pollMilliseconds = 200;

interface Server extends Wait {
  /** In words: "PostgreSQL at 127.0.0.1:5432". */
  name: string;
  /** Values that must not appear in an error. */
  secrets: readonly string[];
}

/**
 * Connects as soon as the server is ready.
 * @param attempt throws a MigrationError for what waiting does not mend, anything else for what it may.
 * @throws MigrationError when the server can't be reached, or not in 60 s, or its container does not run: then at once,
 * with its exit code and last log lines.
 */
export async function connected<T>(attempt: () => Promise<T>, server: Server): Promise<T> {
  const { name, secrets, container, again } = server;
  const deadline = performance.now() + limitSeconds * 1000;
  for (let restarts: number | undefined; ;) {
    try {
      return await attempt();
    } catch (cause) {
      if (cause instanceof MigrationError) throw cause;
      const reason = scrub(messageOf(cause), secrets);
      const isOver = performance.now() > deadline;
      if (again ? isOver : container === undefined) {
        throw new Unreachable(`${name} can't be reached: ${reason}.`, "Start it: `pulumi up --refresh`.", cause);
      }
      if (container !== undefined && !again) {
        restarts = await refuseUnlessRunning(container, restarts, secrets);
        if (isOver) throw await notReady(server, container, reason, cause);
      }
    }
    await sleep(pollMilliseconds);
  }
}

/** `127.0.0.1:5432`, `[::1]:5432`. */
export function addressOf({ host, port }: Connection): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function notReady({ name, secrets }: Server, container: string, reason: string, cause: unknown) {
  return new MigrationError(
    `${name} did not become ready in ${limitSeconds} s; it says: ${reason}. Its container logged:\n` +
      `${await lastLogLines(container, secrets)}\nMend what it names, and run \`pulumi up --refresh\`.`,
    { cause },
  );
}

/** Returns how often Docker restarted the container, to be handed in again. */
async function refuseUnlessRunning(container: string, restarts: number | undefined, secrets: readonly string[]) {
  const state = await containerState(container);
  if (!state) {
    throw new MigrationError(`There is no container ${container}. Run \`pulumi up --refresh\`, which makes it again.`);
  }
  const restarted = restarts !== undefined && state.restarts > restarts;
  if (!restarted && (state.status === "running" || state.status === "created")) return state.restarts;
  const ended = `is ${state.status}, with exit code ${state.exitCode}`;
  // It may run again at the moment, and then has no exit code.
  const what = restarted || state.status === "restarting" ? "keeps restarting" : ended;
  throw new MigrationError(
    `The container ${state.name} ${what}. Its last words:\n` +
      `${await lastLogLines(container, secrets)}\nMend what they name, and run \`pulumi up --refresh\`.`,
  );
}
