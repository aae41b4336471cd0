/** What has semicolons and words that are not statements: comments, quoted text and names, bodies of functions. */
const opaque = new RegExp(
  [
    /--[^\n]*/, // comment to the end of the line
    /\/\*[\s\S]*?\*\//, // comment
    /\bE'(?:[^'\\]|''|\\[\s\S])*'/, // string with escapes
    /'(?:[^']|'')*'/, // string
    /"(?:[^"]|"")*"/, // name
    /(?<tag>\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\k<tag>/, // dollar-quoted string
    /\bBEGIN\s+ATOMIC\b[\s\S]*?;\s*END\b/, // body of an SQL function
  ]
    .map((part) => part.source)
    .join("|"),
  "gi",
);

/** The text with everything opaque blanked out; offsets and lines stay the same. */
function skeleton(text: string): string {
  return text.replace(opaque, (part) => part.replace(/[^\n]/g, " "));
}

/** The first statement that would end the migration's own transaction, or undefined. */
export function transactionStatement(text: string): { statement: string; line: number } | undefined {
  const found = /(?<=^|;)\s*\b(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b/i.exec(
    skeleton(text),
  );
  if (!found?.[1]) return undefined;
  const offset = found.index + found[0].length - found[1].length;
  return { statement: found[1].toUpperCase(), line: lineAt(text, offset) };
}

/** The line, from 1, of an offset into the text. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** The line, from 1, where statement number `index` (from 0) begins. */
export function lineOfStatement(text: string, index: number): number {
  let offset = 0;
  let count = 0;
  for (const statement of skeleton(text).split(";")) {
    const blank = statement.length - statement.trimStart().length;
    if (statement.trim() && count++ === index) return lineAt(text, offset + blank);
    offset += statement.length + 1;
  }
  return lineAt(text, text.length);
}
