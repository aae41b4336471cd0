import { createHash } from "node:crypto";

/**
 * SHA-256 in hex of what a text says: a byte order mark, the kind of line ends, blanks at line ends and empty lines
 * at the end of the file don't count, because editors and git change them behind the author's back.
 */
export function checksum(text: string): string {
  const normalised = text
    .replace(/^\uFEFF/, "")
    .replace(/[ \t\r]+$/gm, "")
    .replace(/\n+$/, "");
  return createHash("sha256").update(normalised).digest("hex");
}
