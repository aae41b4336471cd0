import { createHash } from "node:crypto";
import { normalised } from "./checksum.ts";

/**
 * A short mark for each line of a text, so that Pulumi's state can tell which line of an applied file was edited
 * without holding the file: three bytes of SHA-256 in base64, four characters a line.
 */
export function lineMarks(text: string): string {
  return linesOf(text).map(mark).join("");
}

/** `line 3 is now "b", and was "a"`: the first line in which a text differs from what it was. */
export function firstEdit(was: string, is: string): string {
  return tellEdit(
    linesOf(was),
    linesOf(is),
    (line) => line,
    (line) => `, and was ${quoted(line)}`,
  );
}

/** As `firstEdit`, from the marks of the former text. */
export function firstEditByMarks(marks: string, is: string): string {
  const was = marks.match(/.{4}/g) ?? [];
  return tellEdit(was, linesOf(is), mark, () => "");
}

function tellEdit(was: string[], is: string[], comparable: (line: string) => string, former: (line: string) => string) {
  const index = [...was, ...is].findIndex(
    (_, line) => was[line] !== (is[line] === undefined ? undefined : comparable(is[line])),
  );
  const [before, after] = [was[index], is[index]];
  if (after === undefined) return `it ends before line ${index + 1}${before === undefined ? "" : former(before)}`;
  if (before === undefined) return `line ${index + 1} is new: ${quoted(after)}`;
  return `line ${index + 1} is now ${quoted(after)}${former(before)}`;
}

const linesOf = (text: string) => normalised(text).split("\n");

const mark = (line: string) => createHash("sha256").update(line).digest().subarray(0, 3).toString("base64");

const quoted = (line: string) => JSON.stringify(line.length > 80 ? `${line.slice(0, 77)}...` : line);
