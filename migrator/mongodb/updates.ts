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

/** @param update the `u` of an update: operators, stages, or a whole document. */
export function removedBy(update: Document | Document[]): Removal {
  if (Array.isArray(update)) return removedByStages(update);
  const isWhole = !Object.keys(update).some((key) => key.startsWith("$"));
  const { $unset = {}, $rename = {} } = isWhole ? {} : update;
  return {
    unset: Object.keys($unset),
    renamed: Object.entries<string>($rename),
    ...(isWhole && { rewriter: "a whole document" }),
  };
}

function removedByStages(stages: Document[]): Removal {
  const removal: Removal = { unset: [], renamed: [] };
  /** What an earlier stage set, it may take away: it is the pipeline's own. */
  const own = new Set<string>();
  for (const [operator, value] of stages.flatMap((stage) => Object.entries(stage))) {
    if (operator === "$unset") removal.unset.push(...[value].flat().filter((field) => !own.has(field)));
    else if (operator === "$project") removal.rewriter = operator;
    else if (operator === "$replaceWith" || operator === "$replaceRoot") {
      if (!keepsAll(operator === "$replaceRoot" ? value?.newRoot : value)) removal.rewriter = operator;
    } else {
      for (const [field, expression] of Object.entries(value ?? {})) {
        if (expression !== "$$REMOVE") own.add(field);
        else if (!own.has(field)) removal.unset.push(field);
      }
    }
  }
  return removal;
}

const keepsAll = (root: unknown): boolean =>
  root === "$$ROOT" || [(root as Document)?.["$mergeObjects"]].flat().includes("$$ROOT");
