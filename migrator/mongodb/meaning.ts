import type { SourceFile } from "../types.ts";
import { parseSteps } from "./steps.ts";

/** A text that two files share when the same commands come out of both. Reasons for the linter are no commands. */
export async function meaningOf(file: SourceFile): Promise<string> {
  return JSON.stringify(parseSteps(file).steps.map(({ hash }) => hash));
}
