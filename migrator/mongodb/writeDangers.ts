import type { Document } from "mongodb";
import { listed } from "../errors.ts";
import { destructive, type Danger } from "./rules.ts";
import { removedBy } from "./updates.ts";

/** Whether a filter plainly lets every document through: there are more ways to write one than are looked for. */
export function meansAll(filter: Document): boolean {
  return Object.entries(filter).every(([key, value]) => {
    if (key === "$expr") return value === true || value === 1;
    if (key === "$or") return Array.isArray(value) && value.some(meansAll);
    if (key === "$and") return Array.isArray(value) && value.every(meansAll);
    return key === "_id" && Boolean(value?.$exists) && Object.keys(value).length === 1;
  });
}

/** A whole document states what one document is: nothing is lost that its author does not see. */
export function lostFields(update: Document | Document[], collection: string): Danger[] {
  const { unset, renamed, rewriter } = removedBy(update);
  const found: string[] = [];
  if (unset.length > 0) {
    found.push(`Documents of ${collection} lose ${listed(unset)}: nothing but a backup has the values then.`);
  }
  for (const [from, to] of renamed) {
    found.push(
      `Field ${from} of ${collection} is called ${to} from now on: programs that use the old name find nothing there, ` +
        `and a value that ${to} had is lost.`,
    );
  }
  if (rewriter && Array.isArray(update)) {
    found.push(
      `Documents of ${collection} are written anew by ${rewriter}: nothing but a backup has what it leaves out.`,
    );
  }
  return found.map((message) => destructive("lose-fields", message));
}
