import type { Session } from "./session.ts";
import { watched } from "./watch.ts";

/**
 * Runs a statement that works CONCURRENTLY: it waits for others without making others wait, so it may take its time. What
 * the file sets wins; afterwards all is as it was.
 */
export async function patiently(session: Session, text: string): Promise<void> {
  const { client } = session;
  const { rows } = await client.query("SELECT source FROM pg_settings WHERE name = 'lock_timeout'");
  const isSetByFile = rows[0].source === "session";
  if (isSetByFile) return void (await watched(session, client.query(text)));
  await client.query("SET lock_timeout = 0");
  try {
    await watched(session, client.query(text));
  } catch (error) {
    // On a broken connection this fails, too, and would hide why.
    await client.query("RESET lock_timeout").catch(() => {});
    throw error;
  }
  await client.query("RESET lock_timeout");
}
