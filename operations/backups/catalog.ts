import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import { readProof, refuseDamage, type Proof } from "./prove.ts";

/** A backup as it lies in its place. */
export interface Backup {
  /** Its folder's name: the time of its beginning. */
  name: string;
  folder: string;
  /** `proven` was restored and compared; `unproven` was not yet; `damaged` can't be restored. */
  state: "proven" | "unproven" | "damaged";
  /** Why it is damaged. */
  problem?: string;
  /** Undefined where it can't be read; a damaged backup may have one. */
  manifest?: Manifest;
  proof?: Proof;
  /** Whether it is marked to stay whatever its age. */
  kept: boolean;
  /** Of all its files. */
  bytes: number;
}

const NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/;
const KEEP = "keep";

/**
 * The backups in a place, the newest first.
 * @param thorough whether every byte of every file is read, and not its size alone
 */
export async function listBackups(place: string, thorough = false): Promise<Backup[]> {
  const names = (await readdir(place).catch(() => [])).filter((name) => NAME.test(name));
  return Promise.all(
    names
      .sort()
      .reverse()
      .map((name) => look(join(place, name), name, thorough)),
  );
}

/** @throws UserError where there is none of this name; it names the newest that is good */
export function pickBackup(backups: readonly Backup[], place: string, name?: string): Backup {
  if (name === undefined) {
    const newest = newestGood(backups);
    if (newest === undefined)
      throw new UserError(`There is no good backup in ${place}. Make one: npx trading-db backup`);
    return newest;
  }
  const found = backups.find((backup) => backup.name === name);
  if (found === undefined) throw new UserError(`There is no backup ${name} in ${place}.${offer(backups)}`);
  if (found.state === "damaged") throw new UserError(`${found.problem}${offer(backups)}`);
  return found;
}

/** The newest proven one, or where none is proven the newest that is not known to be damaged. */
export function newestGood(backups: readonly Backup[]): Backup | undefined {
  return backups.find(({ state }) => state === "proven") ?? backups.find(({ state }) => state === "unproven");
}

/** The way out for who named a backup that is none. */
export function offer(backups: readonly Backup[]): string {
  const good = newestGood(backups);
  return good === undefined
    ? " There is no good one beside it."
    : ` The newest good one is ${good.name} (${good.state}): name that one.`;
}

/** The way out for whose backup can't be restored as it was asked for. @param fitting those that can */
export function offerInstead(fitting: readonly Backup[]): string {
  return fitting.length === 0 ? " None beside it can be restored instead." : offer(fitting);
}

/** Marks a backup to stay whatever its age, or takes the mark away. */
export async function mark({ folder }: Backup, kept: boolean): Promise<void> {
  if (kept) await writeFile(join(folder, KEEP), "", { mode: 0o600 });
  else await rm(join(folder, KEEP), { force: true });
}

async function look(folder: string, name: string, thorough: boolean): Promise<Backup> {
  const files = await readdir(folder).catch(() => undefined);
  if (files === undefined) {
    const problem = `The backup ${folder} can't be read by this user.`;
    return { name, folder, kept: true, bytes: 0, state: "damaged", problem };
  }
  // Who proves or removes it meanwhile takes files away.
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(folder, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const common = { name, folder, kept: files.includes(KEEP), bytes: sizes.reduce((sum, size) => sum + size, 0) };
  let manifest: Manifest | undefined;
  try {
    manifest = await readManifest(folder);
    await refuseDamage(folder, manifest, thorough);
    const proof = await readProof(folder);
    if (proof?.problem !== undefined) throw new UserError(proof.problem);
    return { ...common, state: proof === undefined ? "unproven" : "proven", manifest, ...(proof && { proof }) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...common, state: "damaged", problem: error.message, ...(manifest && { manifest }) };
  }
}
