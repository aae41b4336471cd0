import type { SourceFile } from "../types.ts";
import { parseSql } from "./statements.ts";

/** A text that two files share when PostgreSQL's own parser reads the same statements in both. */
export async function meaningOf(file: SourceFile): Promise<string> {
  const { transaction, statements } = await parseSql(file);
  const withoutPlaces = (key: string, value: unknown) =>
    /(^|_)location$|list_(start|end)$/.test(key) ? undefined : value;
  return JSON.stringify([transaction, statements.map(({ node }) => node)], withoutPlaces);
}
