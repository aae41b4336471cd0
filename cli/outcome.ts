import { LockHeld, LoginRefused, MigrationError, NoConnectionLeft, Unreachable } from "../migrator/errors.ts";
import { UserError } from "../operations/errors.ts";
import { inColours } from "./colours.ts";

/** What a command came to: words for people, data for programs. */
export interface Outcome {
  lines: string[];
  data: object;
  /** @default 0 */
  code?: number;
  /** Whether the ledger now says something else than Pulumi's state of a stack. @default false */
  behindPulumi?: boolean;
}

/** Exit codes. 0 means that all is done, or nothing was to be done. */
export const exitCodes = {
  /** Files, data or a statement stand against it: see the message. */
  refused: 1,
  /** The command is not understood. */
  usage: 2,
  /** It looked, and found something: pending files, or drift. */
  found: 3,
  /** Another run holds the lock: try again later. */
  locked: 4,
  /** The database can't be reached, or does not let this user in. */
  unreachable: 5,
} as const;

/**
 * The outcome of a command that failed.
 * @param isAlone whether the database is none of a stack: then no way out leads by Pulumi.
 * @throws the error itself where it is not one for people.
 */
export function outcomeOf(error: unknown, isAlone: boolean): Outcome {
  if (!(error instanceof MigrationError || error instanceof UserError)) throw error;
  const message = worded(error, isAlone);
  const migration = error instanceof MigrationError ? error.migration : undefined;
  return { lines: [`✖ ${message}`], data: { error: message, ...(migration && { migration }) }, code: codeOf(error) };
}

function codeOf(error: MigrationError | UserError): number {
  if (error instanceof UserError) return exitCodes.usage;
  if (error instanceof LockHeld) return exitCodes.locked;
  return error instanceof Unreachable || error instanceof NoConnectionLeft || error instanceof LoginRefused
    ? exitCodes.unreachable
    : exitCodes.refused;
}

function worded(error: Error, isAlone: boolean): string {
  if (isAlone && error instanceof Unreachable) return `${error.reason} Start it, or mend the URL.`;
  if (isAlone && error instanceof NoConnectionLeft) return `${error.reason} End one, or raise max_connections.`;
  if (isAlone && error instanceof LoginRefused) return `${error.reason} Mend the URL, or let this user in.`;
  // The migrator's sentences are for those who ran it by Pulumi. Here it was this command, whichever it was.
  return error.message.replaceAll(/(run) `pulumi up` again/gi, "$1 this again");
}

/** Writes an outcome as people or programs read it, and sets the exit code of this process. */
export function write({ code = 0, data, lines }: Outcome, asJson: boolean): void {
  process.exitCode = code;
  if (asJson) console.log(JSON.stringify(data, null, 2));
  else for (const line of lines) say(line);
}

/** Writes a line for people: what is wrong on standard error. */
export function say(line: string): void {
  if (line.startsWith("✖")) console.error(inColours(line, process.stderr));
  else console.log(inColours(line, process.stdout));
}
