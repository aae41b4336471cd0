import { styleText } from "node:util";

const colours = {
  "✔": "green",
  "!": "yellow",
  "✖": "red",
  healthy: "green",
  unhealthy: "red",
  "NOT healthy": "red",
  proven: "green",
  unproven: "yellow",
  damaged: "red",
} as const;

/** A mark at the beginning of a line, a state that fills a cell of a table, or what the status says first. */
const coloured =
  /(?<=^ *)[✔✖!](?= )|(?<=│ )(?:(?:un)?healthy|(?:un)?proven|damaged)(?= +│)|(?<=^Stack \S+ is )(?:NOT )?healthy(?=\.$)/gm;

/**
 * Words for people with colours, where their stream shows some; NO_COLOR and FORCE_COLOR are heard. They are put into
 * words that are ready, so nothing else has to know of them, least of all the width of a column.
 */
export function inColours(words: string, stream: NodeJS.WriteStream): string {
  return words.replace(coloured, (found) => styleText(colours[found as keyof typeof colours], found, { stream }));
}
