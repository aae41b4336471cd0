import pg from "pg";
import { ApplyFailure, Disconnected, messageOf } from "../errors.ts";

/** A failed statement, with the line of the file that it stands in where that is known. */
interface Failed {
  error: unknown;
  /** Name of the file. */
  name: string;
  /** From 1. */
  line?: number | undefined;
  /** What stands of the file. */
  kept: string;
}

/** What is thrown for a file that failed. */
export function failure({ error, name, line, kept }: Failed): unknown {
  if (!(error instanceof pg.DatabaseError) || isBroken(error)) return error;
  return refusal(error, line === undefined ? name : `${name} line ${line}`, kept);
}

/** What the server refuses at a place, in its words, with the way out: that of its SQLSTATE where there is no better one. */
export function refusal(error: pg.DatabaseError, place: string, kept: string, better?: string): ApplyFailure {
  const { message, detail, code = "" } = error;
  const remedy = better ?? remedies[code] ?? remedies[code.slice(0, 2)] ?? "Mend the file, and run `pulumi up` again.";
  return new ApplyFailure(`${place}: ${message}${detail ? ` (${detail})` : ""}`, kept, remedy, error);
}

/** Waits for a task. A connection that breaks leaves nobody knowing what came of it, whatever was asked. */
export async function told<T>(task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    if (!isBroken(error)) throw error;
    throw new Disconnected(`The connection to PostgreSQL broke (${messageOf(error)})`, { cause: error });
  }
}

/**
 * SQLSTATE classes 08 and 57P, 25P03 (a transaction was idle for too long), a socket's error, or what the driver says when
 * the server has hung up.
 */
export function isBroken(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|25P03|57P)/.test(error.code ?? "");
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    /^E(PIPE|CONN|TIMEDOUT|HOST|NET)/.test(code ?? "") ||
    /^(Connection terminated|Client (was closed|has encountered a connection error))/.test(message)
  );
}

/** Whether the same may work a moment later: the table was in use, or two waited for each other. */
export function isPassing(error: unknown): boolean {
  return error instanceof pg.DatabaseError && ["55P03", "40P01", "40001"].includes(error.code ?? "");
}

const resources =
  "The server lacks disk, memory or the like: see its log. Run `pulumi up` again when it has what it needs.";

/** For failures that are not the file's fault, by SQLSTATE or its class. */
const remedies: Record<string, string> = {
  "53": resources,
  "58": resources,
  "25006": "The server lets nobody write: it is a standby, or is set so. Run `pulumi up` again when it does.",
  "42501": "Grant that to the role that it runs as, or mend the file, and run `pulumi up` again.",
  "55P03": "Another session used the table for too long. Run `pulumi up` again when that session is done.",
  "57014":
    "Somebody cancelled it, or it took longer than statement_timeout: 15 min, unless the file sets it. " +
    "Run `pulumi up` again, or set that in the file.",
};
