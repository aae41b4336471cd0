import pg from "pg";
import { ApplyFailure, Disconnected, MigrationError, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { isBroken, refusal } from "./failures.ts";

/**
 * What went wrong with a seed, for people.
 * @param line of the file, where it is known from elsewhere than the error.
 */
export function seedFailure(file: SourceFile, error: unknown, line?: number): Error {
  if (error instanceof ApplyFailure) return error;
  const nothing = `nothing of ${file.name} was kept`;
  // A file that vanished, or was changed meanwhile: the server has nothing to do with it.
  if (error instanceof MigrationError || (error as NodeJS.ErrnoException).path !== undefined) {
    return new ApplyFailure(messageOf(error), nothing, "Mend the file, and run `pulumi up` again.", error);
  }
  if (!(error instanceof pg.DatabaseError) || isBroken(error)) {
    return new Disconnected(
      `${file.name}: the connection to PostgreSQL broke (${messageOf(error)}); it was kept whole or not at all`,
      { cause: error },
    );
  }
  const place = placeInCopy(error) ?? (line === undefined ? [] : [`line ${line}`]);
  return refusal(error, [file.name, ...place].join(" "), nothing, error.code === "21000" ? twoRows : undefined);
}

const twoRows = "The file has two rows with the same key. Take one of them out, and run `pulumi up` again.";

/** `COPY equity_points, line 7, column equity: "abc"`: the server counts the lines of the file, its header included. */
function placeInCopy(error: pg.DatabaseError): string[] | undefined {
  const [, line, column] = /^COPY [^,]+, line (\d+)(?:, column ([^:\n]+))?/m.exec(error.where ?? "") ?? [];
  return line ? [`line ${line}${column ? `, column ${column}` : ""}`] : undefined;
}
