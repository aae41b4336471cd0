import pg from "pg";
import { connectPostgres } from "./connection.ts";
import type { Session } from "./session.ts";

const lookMilliseconds = 5000;
const patienceMilliseconds = 30_000;

/**
 * Waits for what a statement answers, and looks by a second connection whether the server is still at work on it: a cut
 * network says nothing, and a proxy on the way may keep a dead connection open for hours. The connection is dropped when
 * the server says that the session is gone, or has said nothing for 30 s; the statement then fails.
 */
export async function watched<T>(session: Session, statement: Promise<T>): Promise<T> {
  const { processID, connection } = session.client as unknown as {
    processID: number;
    connection: { stream: { destroy(): void } };
  };
  let heard = performance.now();
  const look = async () => {
    try {
      if (!(await isAlive(session, processID))) connection.stream.destroy();
      heard = performance.now();
    } catch (error) {
      if (isAnswer(error)) heard = performance.now();
      else if (performance.now() > heard + patienceMilliseconds) connection.stream.destroy();
    }
  };
  const timer = setInterval(() => void look(), lookMilliseconds);
  return statement.finally(() => clearInterval(timer));
}

/** Whether the server itself refused: one that is full, or lets this user in no longer, is still at work. */
export function isAnswer(error: unknown): boolean {
  return [error, (error as Error).cause].some((one) => one instanceof pg.DatabaseError);
}

async function isAlive({ connection, startedAt }: Session, process: number): Promise<boolean> {
  const client = await connectPostgres(connection);
  try {
    const found = await client.query("SELECT FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2", [
      process,
      startedAt,
    ]);
    return found.rows.length > 0;
  } finally {
    await client.end();
  }
}
