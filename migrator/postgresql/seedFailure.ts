import pg from "pg";
import { ApplyFailure, Disconnected, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";

/**
 * What went wrong with a seed, for people.
 * @param line of the file, where it is known from elsewhere than the error.
 */
export function seedFailure(file: SourceFile, error: unknown, line?: number): Error {
  if (error instanceof ApplyFailure) return error;
  const nothing = `nothing of ${file.name} was kept`;
  if (!(error instanceof pg.DatabaseError)) {
    const { code } = error as { code?: string };
    // A file that vanished, or was changed meanwhile: the server has nothing to do with it.
    if (error instanceof Error && (error.name === "MigrationError" || (error as NodeJS.ErrnoException).path)) {
      return new ApplyFailure(messageOf(error), nothing, "Mend the file, and run `pulumi up` again.", error);
    }
    return new Disconnected(
      `${file.name}: the connection to PostgreSQL broke (${messageOf(error) || code}); it was kept whole or not at all`,
      { cause: error },
    );
  }
  // The classes 08 and 57P: the connection is lost, or the server goes down.
  if (/^(08|57P)/.test(error.code ?? "")) {
    return new Disconnected(
      `${file.name}: the connection to PostgreSQL broke (${messageOf(error)}); it was kept whole or not at all`,
      { cause: error },
    );
  }
  const place = [file.name, ...(placeInCopy(error) ?? (line === undefined ? [] : [`line ${line}`]))].join(" ");
  const reason = `${place}: ${error.message}${error.detail ? ` (${error.detail})` : ""}`;
  const remedy = remedies[error.code ?? ""] ?? "Mend the file, and run `pulumi up` again.";
  return new ApplyFailure(reason, nothing, remedy, error);
}

/** `COPY equity_points, line 7, column equity: "abc"`: the server counts the lines of the file, its header included. */
function placeInCopy(error: pg.DatabaseError): string[] | undefined {
  const [, line, column] = /^COPY [^,]+, line (\d+)(?:, column ([^:\n]+))?/m.exec(error.where ?? "") ?? [];
  return line ? [`line ${line}${column ? `, column ${column}` : ""}`] : undefined;
}

/** Failures for which the text of the file is not at fault, or not alone, by SQLSTATE. */
const remedies: Record<string, string> = {
  "55P03": "Another session used the table for too long. Run `pulumi up` again when that session is done.",
  "57014":
    "Somebody cancelled it, or it took longer than statement_timeout: 15 min, unless the file sets it. " +
    "Run `pulumi up` again, or set that in the file.",
  "21000": "The file has two rows with the same key. Take one of them out, and run `pulumi up` again.",
};
