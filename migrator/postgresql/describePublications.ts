import { listed } from "../errors.ts";
import { optionWords } from "./describeTable.ts";
import { tableName, type Tree } from "./names.ts";

export function createsPublication({ pubname, pubobjects, for_all_tables }: Tree): string {
  const tables = for_all_tables ? "all tables" : published(pubobjects) || "nothing yet";
  return `creates publication ${pubname} of ${tables}`;
}

export function altersPublication({ pubname, pubobjects, action, options }: Tree): string | undefined {
  if (options) return `sets ${optionWords(options)} of publication ${pubname}`;
  const words: Record<string, string> = {
    AP_AddObjects: `adds ${published(pubobjects)} to publication ${pubname}`,
    AP_DropObjects: `takes ${published(pubobjects)} out of publication ${pubname}`,
    AP_SetObjects: `leaves only ${published(pubobjects)} in publication ${pubname}`,
  };
  return words[action];
}

/** What of a database a publication has, in words: tables, or whole schemas. */
export function published(objects: Tree = []): string {
  return listed(
    objects.map(({ PublicationObjSpec: { pubtable, name } }: Tree) =>
      pubtable ? tableName(pubtable.relation) : `all tables of ${name ? `schema ${name}` : "the current schema"}`,
    ),
  );
}
