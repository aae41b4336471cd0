import { join } from "node:path";
import { MigrationError } from "./errors.ts";

type Purpose = "down" | "verify";

/** Names of the files that go with one migration. */
export type Companions = Partial<Record<Purpose, string>>;

/**
 * Tells the migrations of a folder from their companions: `0001_create_runs.down.sql`, `0001_create_runs.verify.sql`.
 * @param names of all files, whatever they are called: what is no companion is left to be judged as a migration.
 * @returns the companions by the stem of their migration, `0001_create_runs`.
 * @throws MigrationError for two of one kind.
 */
export function splitCompanions(directory: string, names: readonly string[], extensions: readonly string[]) {
  const pattern = new RegExp(`^(\\d{4}(?:_[a-z0-9]+)+)\\.(down|verify)\\.(?:${extensions.join("|")})$`);
  const migrations: string[] = [];
  const companions = new Map<string, Companions>();
  for (const name of names) {
    const [, stem, purpose] = pattern.exec(name) ?? [];
    if (stem === undefined) {
      migrations.push(name);
      continue;
    }
    const found = companions.get(stem) ?? {};
    companions.set(stem, { ...found, [purpose as Purpose]: only(directory, purpose as Purpose, found, name) });
  }
  return { migrations, companions };
}

/** `0001_create_runs` of `0001_create_runs.sql`. */
export function stemOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

function only(directory: string, purpose: Purpose, found: Companions, name: string): string {
  if (found[purpose] === undefined) return name;
  throw new MigrationError(
    `${found[purpose]} and ${name} in ${directory} are both the ${purpose} file of one migration: delete one of them.`,
    { migration: name },
  );
}

/** @throws MigrationError for a companion without its migration. */
export function refuseAlone(
  directory: string,
  migrations: readonly string[],
  companions: ReadonlyMap<string, Companions>,
  extensions: readonly string[],
): void {
  const stems = new Set(migrations.map(stemOf));
  for (const [stem, { down, verify }] of companions) {
    if (stems.has(stem)) continue;
    const name = (down ?? verify)!;
    const missing = extensions.map((extension) => `${stem}.${extension}`).join(" or ");
    throw new MigrationError(
      `${join(directory, name)} goes with ${missing}, which is not there: ` +
        `rename it as that migration was renamed, or delete it.`,
      { migration: name },
    );
  }
}
