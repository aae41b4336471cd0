import { Option } from "commander";

/** Those of `docker logs`, one by one: where all that is unknown were Docker's, it would get `--json` and `--stack` too. */
export const logOptions = [
  new Option("-f, --follow", "go on with what is being written, until Ctrl-C"),
  new Option("-n, --tail <lines>", "the last lines alone"),
  new Option("--since <time>", "what is younger than a time or an age, such as 2026-11-27T14:03:00Z or 42m"),
  new Option("--until <time>", "what is older, likewise"),
  new Option("-t, --timestamps", "when Docker got each line"),
  new Option("--details", "what Docker knows of the log beside it"),
];

/** The command line for Docker of the options that were given. */
export function dockerArguments(given: Record<string, unknown>): string[] {
  return logOptions.flatMap((option) => {
    const value = given[option.attributeName()];
    if (value === undefined) return [];
    return value === true ? [option.long!] : [`${option.long}=${value}`];
  });
}
