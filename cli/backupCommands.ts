import { listBackups, mark, pickBackup, type Backup } from "../operations/backups/catalog.ts";
import { clone as cloneStack } from "../operations/backups/clone.ts";
import { restoreMongodump } from "../operations/backups/mongodump.ts";
import { backUp, prove, restore as restoreBackup, type StackBackups } from "../operations/backups/ofStack.ts";
import type { Proof } from "../operations/backups/prove.ts";
import { table } from "../operations/table.ts";
import { exitCodes, type Outcome } from "./outcome.ts";
import { bytes } from "./units.ts";

export async function backup(target: StackBackups, isProved: boolean): Promise<Outcome> {
  const name = await backUp(target);
  const proof = isProved ? await prove(target, name) : undefined;
  const [made] = (await listBackups(target.place)).filter((each) => each.name === name);
  const lines = [`✔ both databases are in ${made!.folder} (${bytes(made!.bytes)})`];
  if (proof !== undefined) lines.push(`✔ proven: ${words(proof)}`);
  return { lines, data: { backup: made!.folder, bytes: made!.bytes, ...(proof && { proof }) } };
}

/** @param keep name of a backup that is to stay @param release name of one that need not stay any more */
export async function backups(
  { place }: Pick<StackBackups, "place">,
  { check = false, keep, release }: { check?: boolean; keep?: string; release?: string },
): Promise<Outcome> {
  if (keep !== undefined) await mark(pickBackup(await listBackups(place), place, keep), true);
  if (release !== undefined) await mark(pickBackup(await listBackups(place), place, release), false);
  const found = await listBackups(place, check);
  const rows = found.map((each) => [
    each.name,
    each.state,
    each.kept ? "kept" : "",
    bytes(each.bytes),
    each.proof === undefined ? "" : words(each.proof),
  ]);
  return {
    lines: [
      found.length === 0
        ? `There is no backup in ${place}. Make one: npx trading-db backup --prove`
        : table(["backup", "state", "", "size", "proof"], rows),
      ...found.flatMap(({ problem }) => (problem === undefined ? [] : [`✖ ${problem}`])),
    ],
    data: { place, backups: found.map(plain) },
    code: found.some(({ state }) => state === "damaged") ? exitCodes.refused : 0,
  };
}

export async function restore(
  target: StackBackups,
  name: string | undefined,
  to: string | undefined,
  adopt: boolean,
): Promise<Outcome> {
  const restored = await restoreBackup(target, name, to, adopt);
  const from = `${restored.name}${to === undefined ? "" : `, rolled forward to ${to}`}`;
  return {
    lines: [
      `✔ both databases are as they were in ${from}; what they held before stays until the next \`npx trading-db backup --prove\``,
      "Where there are migrations that are newer than the backup, apply them: pulumi up --refresh",
    ],
    data: { restored: restored.name, ...(to !== undefined && { to }) },
  };
}

export async function restoreDump({ outputs, tell }: StackBackups, path: string): Promise<Outcome> {
  const documents = await restoreMongodump(outputs, path, tell);
  const { database } = outputs.mongodb;
  const rows = Object.entries(documents).filter(([name]) => name.startsWith(`${database}.`));
  return {
    lines: [
      table(
        ["collection", "documents"],
        rows.map(([name, count]) => [name, `${count}`]),
      ),
      `✔ MongoDB is as it was in ${path}; what it held before stays until the next \`npx trading-db backup --prove\``,
      "Migrations that are newer than the dump are pending: pulumi up --refresh",
    ],
    data: { restored: path, documents },
  };
}

export async function clone(target: StackBackups, name: string, backup: string | undefined): Promise<Outcome> {
  const taken = await cloneStack(target, name, backup);
  return {
    lines: [
      `✔ the stack ${name} holds what ${taken} holds: npx trading-db status --stack ${name}`,
      `Take it away again: npx trading-db reset ${name} --stack ${name}`,
    ],
    data: { stack: name, backup: taken },
  };
}

function plain({ name, folder, state, problem, kept, bytes, proof, manifest }: Backup): object {
  return { name, folder, state, problem, kept, bytes, proof, manifest };
}

function words({ at, restoreSeconds, lossSeconds }: Proof): string {
  return `restored in ${restoreSeconds.toFixed(1)} s (RTO), ${lossSeconds.toFixed(0)} s of changes not in it (RPO), at ${at}`;
}
