import { hash } from "node:crypto";

/** Looked for before it is taken away: hardly any text has one, and looking costs a third of replacing. */
const blankAtLineEnd = /[ \t\r](?:[\n\r\u2028\u2029]|$)/;

/**
 * SHA-256 in hex of what a text says: a byte order mark, the kind of line ends, blanks at line ends and empty lines
 * at the end of the file don't count, because editors and git change them behind the author's back.
 */
export function checksum(text: string): string {
  return hash("sha256", normalised(text));
}

/** A text without what does not count. */
export function normalised(text: string): string {
  let said = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (blankAtLineEnd.test(said)) said = said.replace(/[ \t\r]+$/gm, "");
  let end = said.length;
  while (said[end - 1] === "\n") end--;
  return said.slice(0, end);
}
