import pg from "pg";
import { ApplyFailure, MigrationError } from "../errors.ts";
import { overwriteCommand } from "../leftAsIs.ts";
import { retried } from "./retry.ts";
import { seedFailure } from "./seedFailure.ts";
import type { SeedOutcome } from "./seedCsv.ts";
import type { SeedStatement } from "./seedStatements.ts";
import type { Session } from "./session.ts";
import { send } from "./transaction.ts";
import type { SeedOptions, SourceFile } from "../types.ts";

/**
 * Seeds one file, and writes its ledger row in the same transaction: both are kept, or neither.
 *
 * `NNNN_name.sql` is run once. Edited, it is run again when each of its statements is an
 * INSERT ... ON CONFLICT DO NOTHING, which can't touch a row that is there; else it is left alone.
 * `NNNN_table.csv` is streamed: see seedCsv.ts.
 * @returns `left`: a sentence on what was left as users made it.
 * @throws ApplyFailure, or Disconnected when nobody knows what came of it.
 */
export async function seedPostgres(
  session: Session,
  file: SourceFile,
  options: SeedOptions,
): Promise<{ left?: string }> {
  const { client, tell } = session;
  // Each kind loads only what it needs, the parser or the COPY stream.
  if (file.name.endsWith(".csv")) {
    const { seedCsv } = await import("./seedCsv.ts");
    return inTransaction(session, file, () => seedCsv(client, file, { ...options, tell }));
  }

  const { seedStatements } = await import("./seedStatements.ts");
  const statements = await seedStatements(file.text);
  const control = statements?.find(({ endsTransaction }) => endsTransaction);
  if (control) throw transactionControl(file, control);
  if (options.known && !options.overwrite) {
    const other = statements ? statements.find(({ onlyAdds }) => !onlyAdds) : { line: 1 };
    if (other) return { left: leftAlone(file, other.line) };
  }
  return inTransaction(session, file, async () => {
    await send(session, file.text, statements ?? []);
    return {};
  });
}

async function inTransaction(
  session: Session,
  file: SourceFile,
  work: () => Promise<SeedOutcome>,
): Promise<{ left?: string }> {
  try {
    return await retried(file.name, session.tell, () => attempt(session, file, work));
  } catch (error) {
    throw seedFailure(file, error, (error as { fileLine?: number }).fileLine);
  }
}

async function attempt({ client, fresh, asOwner }: Session, file: SourceFile, work: () => Promise<SeedOutcome>) {
  try {
    await client.query(`${fresh.join(";")}; BEGIN`);
    const { untouched, ...result } = await work();
    if (untouched) {
      await client.query("ROLLBACK");
      return result;
    }
    const row = [file.name, file.checksum].map(pg.escapeLiteral).join(", ");
    // The file may have changed the role.
    await client.query(
      `${asOwner};
       INSERT INTO trading_ledger.seeds (name, checksum) VALUES (${row})
       ON CONFLICT (name) DO UPDATE SET checksum = EXCLUDED.checksum, applied_at = now(), applied_by = session_user;
       COMMIT;`,
    );
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

function transactionControl(file: SourceFile, { line }: SeedStatement): Error {
  return new ApplyFailure(
    `${file.name} line ${line}: a statement that controls transactions is not allowed, because each seed runs as one ` +
      `transaction together with its ledger row`,
    `nothing of ${file.name} was kept`,
    "Take it out, and run `pulumi up` again.",
    new MigrationError("transaction control", { migration: file.name }),
  );
}

function leftAlone(file: SourceFile, line: number): string {
  return (
    `${file.name} was edited since it was seeded, and was left alone: its statement in line ${line} is not an ` +
    `INSERT ... ON CONFLICT DO NOTHING, so to run it again could undo what users changed. ` +
    `Give new rows a file of their own, or run all of it with ${overwriteCommand(file.name)}.`
  );
}
