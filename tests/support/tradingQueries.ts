import { readFileSync, readdirSync } from "node:fs";

const folder = "schema/postgresql/queries";

export const queryFiles = readdirSync(folder).sort();

/** The text of a query with its psql variables filled in: `:name` with the value as it stands, `:'name'` and `:"name"` quoted. */
export function readQuery(file: string, variables: Record<string, string | number>): string {
  return readFileSync(`${folder}/${file}`, "utf8")
    .replace(/--.*$/gm, "")
    .replace(/(?<!:):(['"]?)(\w+)\1/g, (_, quote, name) => {
      const value = variables[name];
      if (value === undefined) throw new Error(`${file} asks for ${name}.`);
      return `${quote}${value}${quote}`;
    });
}
