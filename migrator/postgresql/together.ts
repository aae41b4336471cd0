import type { EventEmitter } from "node:events";
import pg from "pg";
import type { Migration } from "../types.ts";
import { isBroken } from "./failures.ts";
import { rowOf } from "./ledger.ts";
import type { Session } from "./session.ts";
import { parseSql } from "./statements.ts";
import { watched } from "./watch.ts";

/** So many go as one message, to which there is one answer. */
const mostFiles = 50;
const mostCharacters = 65_536;

/** As many of the first of these as may go as one message. One with a verify file waits for its answer. */
export async function transactionsOf(migrations: readonly Migration[]): Promise<Migration[]> {
  const together: Migration[] = [];
  let characters = 0;
  for (const migration of migrations.slice(0, mostFiles)) {
    characters += migration.text.length;
    if (migration.verify || characters > mostCharacters || !(await parseSql(migration)).transaction) break;
    together.push(migration);
  }
  return together;
}

/**
 * Sends migrations as one message, a transaction each: ways to the server and back are most of the time of small ones.
 * The server stops at the first that fails, of which nothing is kept.
 * @returns how many are kept. Where it is not all of them, the next one tells by itself what is wrong with it.
 */
export async function runTransactions(session: Session, migrations: readonly Migration[]): Promise<number> {
  const { client, fresh, asOwner } = session;
  const { connection } = client as unknown as { connection: EventEmitter };
  let kept = 0;
  // No statement of a file can be this one.
  const count = ({ text }: { text: string }) => void (text === "COMMIT" && (kept += 1));
  connection.on("commandComplete", count);
  try {
    const texts = migrations.map((file) =>
      [...fresh, "BEGIN", `${file.text}\n`, asOwner, `${rowOf("applied", file)} COMMIT`].join(";\n"),
    );
    await watched(session, client.query(texts.join(";\n")));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || isBroken(error)) throw error;
    await client.query("ROLLBACK");
  } finally {
    connection.off("commandComplete", count);
  }
  return kept;
}
