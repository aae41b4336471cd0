import { MigrationError } from "../errors.ts";
import type { SourceFile, Unfinished } from "../types.ts";
import { isConcurrent, runsOutside } from "./alone.ts";
import { failure } from "./failures.ts";
import { progressOf, readProgress } from "./ledger.ts";
import { clearAway, isDone } from "./leftovers.ts";
import { patiently } from "./patience.ts";
import { retried } from "./retry.ts";
import type { Session } from "./session.ts";
import { parseSql, type SqlStatement } from "./statements.ts";
import { refuseUnlessHolds } from "./verify.ts";
import { watched } from "./watch.ts";

/** A file whose statements are kept one by one. */
export interface StepByStep {
  file: SourceFile;
  statements: readonly SqlStatement[];
  /** Statements that write the ledger when all is done. */
  ledger: string;
  verify?: SourceFile;
}

/**
 * Runs the statements that the ledger does not have as done. A statement that can run in a transaction shares one with the
 * note that it is done; one that can't is noted as begun first, and what it left is cleared away.
 */
export async function runStepByStep(session: Session, work: StepByStep): Promise<void> {
  const { client, fresh, asOwner, tell } = session;
  const { file, statements, ledger, verify } = work;
  const progress = await readProgress(client, file.name);
  refuseIfEdited(file, statements, progress);
  await client.query(fresh.join(";"));
  const isSetting = ({ node }: SqlStatement) => "VariableSetStmt" in node;
  // Settings end with the connection, so those of the part that is done are set again, but for the role.
  for (const { text } of statements.slice(0, progress.done.length).filter(isSetting)) await client.query(text);
  await client.query(asOwner);

  for (const statement of statements.slice(progress.done.length)) {
    const { text, hash, line } = statement;
    const done = [...progress.done, hash];
    const note = `${asOwner}; ${progressOf({ name: file.name, done })}`;
    try {
      await retried(`${file.name} line ${line}`, tell, async () => {
        try {
          if (!runsOutside(statement)) {
            await watched(session, client.query(`BEGIN; ${text}\n; ${note} COMMIT;`));
            return;
          }
          await runOutside(session, statement, progress);
          await client.query(note);
        } catch (error) {
          await client.query("ROLLBACK").catch(() => {});
          throw error;
        }
      });
    } catch (error) {
      // Where this fails, as on a broken connection, the statement still counts as begun.
      await forgetBegun(session, statement, progress).catch(() => {});
      throw failure({ error, name: file.name, line, kept: keptOf(file, progress) });
    }
    progress.done = done;
    delete progress.started;
  }

  try {
    await client.query(`BEGIN; ${asOwner}; ${ledger}`);
    if (verify)
      await refuseUnlessHolds(
        session,
        verify,
        `all statements of ${file.name} stand, but it does not count as applied`,
      );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw failure({ error, name: file.name, kept: keptOf(file, progress) });
  }
}

/** @throws MigrationError for a file that is one transaction now, and of which single statements stand or were begun. */
export async function refuseHalfDone({ client }: Session, file: SourceFile): Promise<void> {
  const { done, started } = await readProgress(client, file.name);
  if ((done.length === 0 && started === undefined) || !(await parseSql(file)).transaction) return;
  const [state, remedy] =
    started === undefined
      ? [standing(done), "that line"]
      : [`its statement ${done.length + 1} was begun`, "that line and this statement"];
  throw new MigrationError(
    `${file.name} was interrupted when it began with \`-- migrate: no-transaction\`, and ${state}. ` +
      `Bring ${remedy} back. Nothing was applied.`,
    { migration: file.name },
  );
}

/** Notes that a statement begins and runs it, unless it was begun by a run that was killed, and has ended since. */
async function runOutside(session: Session, statement: SqlStatement, progress: Unfinished): Promise<void> {
  const { client } = session;
  if (progress.started !== undefined) await clearAway(session, statement);
  const done = await isDone(session, statement);
  if (done && progress.started === statement.hash) return;
  // What stood before it began is not its work: the server says what it thinks of it.
  if (!done) {
    progress.started = statement.hash;
    await client.query(progressOf(progress));
  }
  await (isConcurrent(statement) ? patiently(session, statement.text) : watched(session, client.query(statement.text)));
}

/** A statement that the server refused was not killed: nothing of it stays, and the next run passes it again. */
async function forgetBegun(session: Session, statement: SqlStatement, progress: Unfinished): Promise<void> {
  if (progress.started !== statement.hash) return;
  await clearAway(session, statement);
  if (await isDone(session, statement)) return;
  delete progress.started;
  await session.client.query(progressOf(progress));
}

function refuseIfEdited(file: SourceFile, statements: readonly SqlStatement[], { done }: Unfinished): void {
  const edited = done.findIndex((hash, index) => statements[index]?.hash !== hash);
  if (edited < 0) return;
  const line = statements[edited]?.line;
  throw new MigrationError(
    `Statement ${edited + 1} of ${file.name}${line ? ` (line ${line})` : ""} ran already, and was edited since. ` +
      `Bring its text back; what comes after the ${done.length} that ran may be changed. Nothing was applied.`,
    { migration: file.name },
  );
}

function keptOf({ name }: SourceFile, { done }: Unfinished): string {
  return done.length === 0 ? `nothing of ${name} was kept` : `${standing(done)} and won't run again`;
}

function standing(done: readonly string[]): string {
  return `its first ${done.length === 1 ? "statement stands" : `${done.length} statements stand`}`;
}
