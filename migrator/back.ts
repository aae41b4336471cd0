import { ApplyFailure, MigrationError, listed } from "./errors.ts";
import { readMigrations } from "./files.ts";
import { withLockedDatabase } from "./open.ts";
import { planOn } from "./review.ts";
import { withHistory } from "./run.ts";
import { withSnapshot } from "./snapshot.ts";
import type { Database, Engine, Migration, RunRequest } from "./types.ts";

export interface DownRequest extends RunRequest {
  /** The last migration that stays; "" takes all back. @default all but the last one stay */
  to?: string;
  /** Whether data may be lost. @default false: whoever asks is told what would be */
  loseData?: boolean;
}

/**
 * Takes migrations back by their down files, the last one first.
 * @returns the names of those that were taken back.
 * @throws MigrationError for a migration without a down file, for data that would be lost, for a file that fails; LockHeld.
 */
export async function down(engine: Engine, request: DownRequest): Promise<string[]> {
  const files = readMigrations(engine, request.directory);
  let { to } = request;
  let names: string[] | undefined;
  return withLockedDatabase(engine, request, async (database) => {
    const ledger = await database.readLedger();
    const { unfinished, ...whole } = ledger;
    const isBack = unfinished?.name.includes(".down.") ?? false;
    if (unfinished && !isBack) {
      throw new MigrationError(
        `${unfinished.name} was interrupted, and a part of it stands. End it first: \`npm run migrate\`. Nothing was taken back.`,
      );
    }
    const { refusals } = await planOn(database, files, whole);
    if (refusals.length > 0) throw new MigrationError(refusals.join("\n"));
    const applied = ledger.migrations.map(({ name }) => name);
    // Where the connection broke, the ledger lacks what this run took back before.
    to ??= applied.at(-2) ?? "";
    const leaving = chosen(files, applied, to);
    names ??= leaving.map(({ name }) => name);
    const all = names;
    if (!request.loseData) await refuseToLose(database, leaving);
    await withSnapshot(database, ledger, request.tell ?? (() => {}), () => takeBack(database, leaving, all));
    return all;
  });
}

/** The migrations to take back, the last one first. */
function chosen(files: Migration[], applied: string[], to: string): Migration[] {
  if (to !== "" && !applied.includes(to)) {
    throw new MigrationError(
      `${to} is not applied, so nothing can be taken back to it. Applied are ${listed(applied) || "none"}.`,
    );
  }
  const leaving = files.filter(({ name }) => applied.indexOf(name) > applied.indexOf(to)).reverse();
  const oneWay = leaving.find((migration) => !migration.down);
  if (oneWay) {
    const [stem, extension] = [oneWay.name.replace(/\.\w+$/, ""), /\w+$/.exec(oneWay.name)?.[0]];
    throw new MigrationError(
      `${oneWay.name} has no way back. Write ${stem}.down.${extension} beside it. Nothing was taken back.`,
      { migration: oneWay.name },
    );
  }
  return leaving;
}

async function refuseToLose(database: Database, leaving: Migration[]): Promise<void> {
  const losses: string[] = [];
  for (const { name, down } of leaving) {
    const lost = down ? await database.losses(down) : [];
    if (lost.length > 0) losses.push(`${name}: ${listed(lost)}`);
  }
  if (losses.length === 0) return;
  throw new MigrationError(
    `To go back would lose data that nothing brings back:\n${losses.join("\n")}\nNothing was taken back. ` +
      "Back up first; then say that they may be lost: `--lose-data`.",
  );
}

/** @param all names of those that this run takes back, in order, also of those that it did before the connection broke. */
async function takeBack(database: Database, leaving: Migration[], all: string[]): Promise<void> {
  for (const migration of leaving) {
    try {
      await database.revert(migration);
    } catch (error) {
      if (!(error instanceof ApplyFailure)) throw error;
      const done = all.slice(0, all.indexOf(migration.name));
      const before = `${listed(done) || "nothing"} ${done.length > 1 ? "were" : "was"} taken back before it`;
      throw withHistory(error, migration.down ?? migration, before);
    }
  }
}
