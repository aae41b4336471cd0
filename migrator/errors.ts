/** An error whose message is meant for people: what is wrong, the value, the way out. */
export class MigrationError extends Error {
  /** Name of the migration or seed at fault. Never called `id`: Pulumi takes an error with an id for a resource half made. */
  readonly migration?: string;

  constructor(message: string, options: { migration?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "MigrationError";
    this.migration = options.migration;
  }
}

/** The database is out of reach. The message ends with the way out on a stack of this project; elsewhere it is another. */
class OutOfReach extends MigrationError {
  /** The message without the way out. */
  readonly reason: string;

  constructor(reason: string, wayOutOnStack: string, cause: unknown) {
    super(`${reason} ${wayOutOnStack}`, { cause });
    this.reason = reason;
  }
}

/** No server answers. */
export class Unreachable extends OutOfReach {}

/** The server answers, but all connections that it has for this user are in use. */
export class NoConnectionLeft extends OutOfReach {}

/** The server answers, but not to this user. */
export class LoginRefused extends OutOfReach {}

/** Another run is at work, and was waited for in vain. */
export class LockHeld extends MigrationError {}

/**
 * The connection broke while the server may have been at work: nobody knows what came of it. The run connects again,
 * and reads from the ledger what stands.
 */
export class Disconnected extends Error {}

/** One file failed. The run adds what was applied before it. */
export class ApplyFailure extends Error {
  /** What stands of the file: "nothing of 0003_x.sql was kept". */
  readonly kept: string;
  /** One sentence: what the user does next. */
  readonly remedy: string;

  constructor(reason: string, kept: string, remedy: string, cause: unknown) {
    super(reason, { cause });
    this.name = "ApplyFailure";
    this.kept = kept;
    this.remedy = remedy;
  }
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** `1 row`, `400,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { message, errors } = error as { message?: string; errors?: unknown[] };
  // A refused connection to a host with several addresses is an AggregateError without a message of its own.
  return message || (errors ? listed(errors.map(messageOf)) : String(error));
}
