import { counted } from "./errors.ts";
import type { SourceFile } from "./types.ts";

/**
 * The sentence on rows or documents that are there otherwise than in the file. undefined where there are none.
 * @param isEdited whether the file was seeded before, as it was then.
 */
export function leftDiffering(
  file: SourceFile,
  count: number,
  noun: string,
  target: string,
  isEdited = true,
): string | undefined {
  if (count === 0) return undefined;
  const [differs, leftAsIs, them] =
    count === 1 ? ["differs", "was left as it is", "it"] : ["differ", "were left as they are", "them"];
  const begin = isEdited ? ` was edited since it was seeded: its new ${noun}s were inserted, and` : ":";
  return (
    `${file.name}${begin} ${counted(count, noun)} of ${target} that ${differs} from the file ${leftAsIs}. ` +
    `To give ${them} the file's values, run ${overwriteCommand(file.name)}.`
  );
}

/**
 * What to run so that a seed wins over what users changed.
 * @param seed its name, with the set before it: `dev/0001_runs.json`.
 */
export function overwriteCommand(seed: string): string {
  return `\`npm run migrate -- seed ${seed.replace(/\/.*/, "")} --overwrite\``;
}
