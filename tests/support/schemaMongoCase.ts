/** _id of a seeded document, changes to it that are nonsense, and the rules that MongoDB must name. */
export type Case = [string, Record<string, unknown>, string[]];

/** _id of a seeded document, and changes to it that make sense. */
export type Sound = [string, Record<string, unknown>];

/** The text at each of the paths empty, and longer than texts may be. */
export function badTexts(id: string, ...paths: string[]): Case[] {
  return paths.flatMap((path): Case[] => [
    [id, { [path]: "" }, [`${path}: minLength`]],
    [id, { [path]: "x".repeat(2001) }, [`${path}: maxLength`]],
  ]);
}

export function without(value: object, field: string): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));
}
