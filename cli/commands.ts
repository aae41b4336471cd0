import { baseline as countAsApplied, repair as acceptEdits } from "../migrator/adopt.ts";
import { down as takeBack } from "../migrator/back.ts";
import { findDrift } from "../migrator/drift.ts";
import { previewOn } from "../migrator/preview.ts";
import { migrate, readLedger } from "../migrator/run.ts";
import { seed as insertSeeds } from "../migrator/seedRun.ts";
import { reviewLines } from "../migrator/words.ts";
import { UserError } from "../operations/errors.ts";
import type { RunRequest } from "../migrator/types.ts";
import { exitCodes, type Outcome } from "./outcome.ts";
import type { Target } from "./target.ts";

/** What every command gets. */
export type Run = Target & RunRequest;

export async function up({ engine, ...request }: Run): Promise<Outcome> {
  const { version, added } = await migrate(engine, request);
  const lines = added.map((name) => `✔ ${name} is applied`);
  return {
    lines: [...lines, `✔ ${request.connection.database} is at ${version || "the beginning: there is no migration"}`],
    data: { version, applied: added },
  };
}

export async function plan({ engine, connection, directory }: Run): Promise<Outcome> {
  const { reviews, refusals } = await previewOn(engine, connection, directory);
  const words = reviews.flatMap(reviewLines);
  const nothing = words.length + refusals.length === 0 ? [`✔ nothing is pending in ${connection.database}`] : [];
  return {
    lines: [...words, ...refusals.map((sentence) => `✖ ${sentence}`), ...nothing],
    data: { pending: reviews, refusals },
    code: refusals.length > 0 ? exitCodes.refused : reviews.length > 0 ? exitCodes.found : 0,
  };
}

export async function status({ engine, connection }: Run): Promise<Outcome> {
  const { version, migrations, seeds, unfinished } = await readLedger(engine, connection);
  const rows = [...migrations, ...seeds].map(({ name, appliedAt }) => `${appliedAt.toISOString()}  ${name}`);
  const parts = engine === "postgresql" ? "statements" : "steps";
  const half = unfinished
    ? [`✖ ${unfinished.name} was interrupted after ${unfinished.done.length} of its ${parts}`]
    : [];
  return {
    lines: [...rows, ...half, `${connection.database} is at ${version || "the beginning"}`],
    data: { version, migrations, seeds, unfinished },
  };
}

export async function drift({ engine, connection }: Run): Promise<Outcome> {
  const found = await findDrift(engine, connection);
  const lines =
    found.length > 0
      ? found.map((sentence) => `✖ ${sentence}`)
      : [`✔ the schema of ${connection.database} is what the migrations made`];
  return { lines, data: { drift: found }, code: found.length > 0 ? exitCodes.found : 0 };
}

export async function down({ engine, ...request }: Run, to: string | undefined, loseData: boolean): Promise<Outcome> {
  const reverted = await takeBack(engine, { ...request, ...(to !== undefined && { to }), loseData });
  const lines = reverted.map((name) => `✔ ${name} is taken back`);
  return {
    lines: lines.length > 0 ? lines : ["✔ nothing was to be taken back"],
    data: { reverted },
    behindPulumi: reverted.length > 0,
  };
}

export async function baseline({ engine, ...request }: Run, to: string): Promise<Outcome> {
  const baselined = await countAsApplied(engine, { ...request, to });
  return {
    lines: baselined.map((name) => `✔ ${name} counts as applied`),
    data: { baselined },
    behindPulumi: baselined.length > 0,
  };
}

export async function repair({ engine, ...request }: Run, names: string[]): Promise<Outcome> {
  const repaired = await acceptEdits(engine, { ...request, names });
  const lines = repaired.map((name) => `✔ ${name} does what it did: its new text is accepted`);
  return {
    lines: lines.length > 0 ? lines : ["✔ nothing was to be repaired"],
    data: { repaired },
    behindPulumi: repaired.length > 0,
  };
}

export async function adopt({ engine, ...request }: Run, from: string, table: string): Promise<Outcome> {
  if (engine !== "postgresql")
    throw new UserError("Only folders of SQL migrations can be adopted: name a postgres:// database.");
  const { adoptFolder } = await import("../migrator/postgresql/adoptFolder.ts");
  const { copied, baselined } = await adoptFolder({ ...request, from, table });
  return {
    lines: [
      ...copied.map(({ from, to }) => `✔ ${from} is now ${to}`),
      `✔ ${baselined.length} of them count as applied`,
    ],
    data: { copied, baselined },
    behindPulumi: baselined.length > 0,
  };
}

export async function seed({ engine, ...request }: Run, sets: string[], overwrite: boolean): Promise<Outcome> {
  const { seeded, changed } = await insertSeeds(engine, { ...request, sets, overwrite });
  return {
    lines: [...seeded.map((name) => `✔ ${name} is in`), ...changed.map((sentence) => `! ${sentence}`)],
    data: { seeded, changed },
  };
}
