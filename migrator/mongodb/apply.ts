import { MongoServerError, type Db } from "mongodb";
import { ApplyFailure, MigrationError, messageOf } from "../errors.ts";
import type { SourceFile, Unfinished } from "../types.ts";
import { commandName } from "./checks.ts";
import { noSuchTransaction, transactionExceededLifetimeLimit } from "./codes.ts";
import { kindOf, runData, runDefinition, runRename, uuidOf } from "./execute.ts";
import { LeaseLost, type Lease } from "./lease.ts";
import { removeProgress, writeProgress, type LedgerWrite } from "./ledger.ts";
import { parseQueries, parseSteps, type Step } from "./steps.ts";
import { isUnknownOutcome } from "./unknownOutcome.ts";
import { verify } from "./verify.ts";

export interface Workplace {
  database: Db;
  lease: Lease;
  /** What earlier runs left unfinished, by file. It was read under the lease, so nobody else changes it. */
  progress: Map<string, Unfinished>;
  /** A transaction on the ledger. */
  write<T>(work: (write: LedgerWrite) => Promise<T>): Promise<T>;
  tell: (sentence: string) => void;
}

/** The last word of a file to the ledger. */
export interface Ending {
  /** In a transaction, which also forgets the file's progress. */
  write(write: LedgerWrite): Promise<void>;
  /** The same by itself, for less: where there is no progress, and no documents were changed. */
  alone?(): Promise<void>;
}

/**
 * Runs a file, or the rest of one that was interrupted. MongoDB's definitions know no transaction: so what is done is
 * kept in the ledger step by step, each step can be passed again, and changes of documents are in the ledger's transaction.
 * @param verifyFile queries that must find nothing after the last step.
 */
export async function runFile(
  place: Workplace,
  file: SourceFile,
  ending: Ending,
  verifyFile?: SourceFile,
): Promise<void> {
  const { steps } = parseSteps(file);
  const queries = verifyFile ? parseQueries(verifyFile) : [];
  const earlier = place.progress.get(file.name);
  refuseIfEdited(file, steps, earlier);
  tellIfEdited(place, file, steps, earlier);

  const save = async (progress: Unfinished, work = async () => {}) => {
    await place.write(async (write) => {
      await work();
      await writeProgress(write, progress);
    });
    place.progress.set(file.name, progress);
  };
  const end = async (work?: Work) => {
    if (ending.alone && !work && !place.progress.has(file.name)) return ending.alone();
    await place.write(async (write) => {
      await work?.();
      if (place.progress.has(file.name)) await removeProgress(write, file.name);
      await ending.write(write);
    });
    place.progress.delete(file.name);
  };

  let hasEnded = false;
  for (const step of steps.slice(earlier?.done.length ?? 0)) {
    const next = steps[step.number];
    try {
      const conclude = next || queries.length > 0 ? (work?: Work) => save(after(file, steps, step), work) : end;
      await runStep(place, file, steps, step, earlier?.started === step.hash ? earlier : undefined, conclude, save);
      hasEnded = conclude === end;
    } catch (error) {
      throw await failure(place, file, step, error, save);
    }
  }
  if (hasEnded) return;
  await place.lease.assertHeld();
  if (verifyFile) {
    await verify(place.database, file.name, queries, place.lease).catch((error: unknown) => {
      throw verifyFailure(file, verifyFile, error);
    });
  }
  await end();
}

function verifyFailure(file: SourceFile, verifyFile: SourceFile, error: unknown): unknown {
  if (error instanceof ApplyFailure || isUnknownOutcome(error)) return error;
  return new ApplyFailure(
    `${verifyFile.name}: ${messageOf(error)}`,
    `the steps of ${file.name} are done, but it is not recorded as applied`,
    "Mend the verify file, and run `pulumi up` again: steps that are done are not run again.",
    error,
  );
}

type Work = () => Promise<void>;

/** The ledger's word after a step. It also says which one comes next, because that costs no message of its own. */
function after(file: SourceFile, steps: Step[], step: Step): Unfinished {
  const done = steps.slice(0, step.number).map(({ hash }) => hash);
  const next = steps[step.number];
  // Documents are changed in the transaction that says so: such a step was not begun until it is done. A renaming is
  // noted by itself, with the collection that it renames.
  return next && kindOf(next.command) === "definition"
    ? { name: file.name, done, started: next.hash }
    : { name: file.name, done };
}

async function runStep(
  { database, lease }: Workplace,
  file: SourceFile,
  steps: Step[],
  step: Step,
  /** What is noted of the step, where a run began it and did not see it end. */
  begun: Unfinished | undefined,
  conclude: (work?: Work) => Promise<void>,
  save: (progress: Unfinished) => Promise<void>,
): Promise<void> {
  const { command } = step;
  const kind = kindOf(command);
  if (kind === "data") return conclude(() => runData(database, command, lease));
  if (kind === "rename") {
    let renamed = begun?.renamed;
    if (!begun) {
      renamed = await uuidOf(database, command.renameCollection);
      await save({ name: file.name, done: hashes(steps, step), started: step.hash, ...(renamed && { renamed }) });
    }
    await lease.assertHeld();
    await runRename(database, command, lease, renamed);
  } else {
    await lease.assertHeld();
    await runDefinition(database, command, lease, begun !== undefined);
  }
  await conclude();
}

/** Of the steps before this one. */
function hashes(steps: Step[], step: Step): string[] {
  return steps.slice(0, step.number - 1).map(({ hash }) => hash);
}

/** What ran can't be edited: the database has it as it was. What did not run yet can. */
function refuseIfEdited(file: SourceFile, steps: Step[], earlier?: Unfinished): void {
  const edited = (earlier?.done ?? []).findIndex((hash, index) => steps[index]?.hash !== hash);
  if (edited < 0) return;
  throw new MigrationError(
    `step ${edited + 1} of ${file.name} ran already, and was edited since. ` +
      `Bring its text back; put the change into a later step or a new file.`,
    { migration: file.name },
  );
}

/** A definition is passed again whether or not it took place; one that was edited may stand as it was. */
function tellIfEdited({ tell }: Workplace, file: SourceFile, steps: Step[], earlier?: Unfinished): void {
  const next = steps[earlier?.done.length ?? 0];
  if (earlier?.started === undefined || earlier.started === next?.hash) return;
  tell(
    `Step ${earlier.done.length + 1} of ${file.name} was begun by a run that was interrupted, and was edited since. ` +
      `It may have taken place as it was: look whether that matters.`,
  );
}

async function failure(
  place: Workplace,
  file: SourceFile,
  step: Step,
  error: unknown,
  save: (progress: Unfinished) => Promise<void>,
): Promise<unknown> {
  if (error instanceof LeaseLost || isUnknownOutcome(error)) return error;
  const { done, started } = place.progress.get(file.name) ?? { done: [] };
  try {
    // It may have been killed by a run that took the lease over.
    await place.lease.assertHeld({ again: true });
    // The server refused it: it has not taken place, and may be edited.
    if (started !== undefined) await save({ name: file.name, done });
  } catch (worse) {
    return worse;
  }
  const last = step.number - 1;
  const before = last === 1 ? `step 1 of ${file.name} is` : `steps 1 to ${last} of ${file.name} are`;
  const kept = last === 0 ? `nothing of ${file.name} was kept` : `${before} done, and will not be run again`;
  const mend = isTooLong(error)
    ? `Split step ${step.number} by ranges of \`_id\`: MongoDB ends a transaction after 60 s, unless its server is set otherwise. Then`
    : `Mend ${last === 0 ? "the file" : `step ${step.number}`}, and`;
  return new ApplyFailure(
    `${file.name} step ${step.number} (${commandName(step.command)}): ${messageOf(error)}`,
    kept,
    `${mend} run \`pulumi up\` again.`,
    error,
  );
}

function isTooLong(error: unknown): boolean {
  return (
    error instanceof MongoServerError &&
    [noSuchTransaction, transactionExceededLifetimeLimit].includes(Number(error.code))
  );
}
