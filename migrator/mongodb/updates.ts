import type { Document } from "mongodb";

/** What an update takes away, beside what it sets. */
export interface Removal {
  /** Fields that it unsets. */
  unset: string[];
  /** Fields that it renames, each with its new name: a value that was under the new name is lost. */
  renamed: [string, string][];
  /** What keeps of a document only what it names: "$project". */
  rewriter?: string;
}

const rewriters = ["$project", "$replaceWith", "$replaceRoot"];

/** @param update the `u` of an update: operators, stages, or a whole document. */
export function removedBy(update: Document | Document[]): Removal {
  const removal: Removal = { unset: [], renamed: [] };
  const stages: Document[] = [update].flat();
  for (const [operator, value] of stages.flatMap((stage) => Object.entries(stage))) {
    if (operator === "$unset") removal.unset.push(...(typeof value === "string" ? [value] : namesIn(value ?? {})));
    if (operator === "$rename") removal.renamed.push(...Object.entries<string>(value ?? {}));
    if (rewriters.includes(operator)) removal.rewriter = operator;
    else if (Array.isArray(update) && JSON.stringify(value).includes('"$$REMOVE"')) removal.rewriter ??= "$$REMOVE";
  }
  const isWhole = !Array.isArray(update) && !Object.keys(update).some((key) => key.startsWith("$"));
  if (isWhole) removal.rewriter = "a whole document";
  return removal;
}

const namesIn = (fields: Document): string[] => (Array.isArray(fields) ? fields : Object.keys(fields));
