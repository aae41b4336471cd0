import type { Review } from "./types.ts";

const signs = { refused: "✖", destructive: "✖", warning: "!" } as const;

/** What a pending file is going to do, for people: one line for itself, one for each statement and each finding. */
export function reviewLines({ name, checksum, transaction, statements, findings }: Review): string[] {
  const kept = transaction ? "one transaction" : "statement by statement";
  return [
    `${name} (${checksum.slice(0, 12)}, ${kept})`,
    ...statements.map(({ place, words }) => `  ${place}: ${words}`),
    ...findings.map(({ place, rule, severity, message, allowed }) =>
      allowed === undefined
        ? `  ${signs[severity]} ${place}, ${rule}: ${message}`
        : `  ✔ ${place}, ${rule}: allowed, because ${allowed}`,
    ),
  ];
}
