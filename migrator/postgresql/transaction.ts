import type { EventEmitter } from "node:events";
import pg from "pg";
import type { SourceFile } from "../types.ts";
import { failure } from "./failures.ts";
import { retried } from "./retry.ts";
import type { Session } from "./session.ts";
import type { SqlStatement } from "./statements.ts";
import { refuseUnlessHolds } from "./verify.ts";
import { watched } from "./watch.ts";

/** A file that runs as one transaction. */
export interface Transaction {
  file: SourceFile;
  statements: readonly SqlStatement[];
  /** Statements that write the ledger, in the same transaction. */
  ledger: string;
  verify?: SourceFile;
}

/** One transaction holds the file and its ledger row: both are kept, or neither. */
export async function runTransaction(
  session: Session,
  { file, statements, ledger, verify }: Transaction,
): Promise<void> {
  const { client, fresh, asOwner, tell } = session;
  const head = [...fresh, "BEGIN", ""].join(";\n");
  // The file may have changed the role. All goes as one message: one way to the server and back is most of the time.
  const tail = `\n;${asOwner};${ledger}`;
  const commit = verify ? "" : "COMMIT;";
  const kept = `nothing of ${file.name} was kept`;
  try {
    await retried(file.name, tell, async () => {
      try {
        await send(session, file.text, statements, { head, tail: tail + commit, before: fresh.length + 1 });
        if (verify) {
          await refuseUnlessHolds(session, verify, kept);
          await client.query("COMMIT");
        }
      } catch (error) {
        await client.query("ROLLBACK").catch(() => {});
        throw error;
      }
    });
  } catch (error) {
    const line = (error as { fileLine?: number }).fileLine;
    throw failure({ error, name: file.name, line, kept });
  }
}

/**
 * Sends a text as one message. An error gets the line of the text that it is about, as `fileLine`.
 * @param around what goes with it in the same message; `before` is the number of statements in its head.
 */
export async function send(
  session: Session,
  text: string,
  statements: readonly { line: number }[],
  around = { head: "", tail: "", before: 0 },
): Promise<void> {
  const { head, tail, before } = around;
  // Only some errors have a position; the number of statements that were done tells where the others happened.
  const { connection } = session.client as unknown as { connection: EventEmitter };
  let done = -before;
  const count = () => (done += 1);
  connection.on("commandComplete", count);
  try {
    await watched(session, session.client.query(head + text + tail));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const inMessage = error.position && lineAt(head + text, Number(error.position));
    const line = inMessage ? inMessage - (head.split("\n").length - 1) : statements[done]?.line;
    throw Object.assign(error, { fileLine: line });
  } finally {
    connection.off("commandComplete", count);
  }
}

/** The line, from 1, of a position, which counts characters from 1. */
function lineAt(text: string, position: number): number {
  return [...text]
    .slice(0, position - 1)
    .join("")
    .split("\n").length;
}
