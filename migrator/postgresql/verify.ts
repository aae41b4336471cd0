import { ApplyFailure, messageOf } from "../errors.ts";
import type { SourceFile } from "../types.ts";
import { isBroken } from "./failures.ts";
import type { Session } from "./session.ts";
import { parseSql } from "./statements.ts";
import { watched } from "./watch.ts";

/**
 * Runs the queries of a verify file, in the transaction that is open. Each must find nothing. From here on the transaction
 * can only be committed or rolled back.
 * @param kept what stands of the migration when it does not hold.
 * @throws ApplyFailure with the first row found, or for a query that fails.
 */
export async function refuseUnlessHolds(session: Session, verify: SourceFile, kept: string): Promise<void> {
  const { client, asOwner } = session;
  const { statements } = await parseSql(verify);
  await client.query(`${asOwner}; SET search_path = public; SET TRANSACTION READ ONLY`);
  for (const { text, line } of statements) {
    const place = `${verify.name} line ${line}`;
    const refuse = (reason: string, remedy: string, cause?: unknown) => new ApplyFailure(reason, kept, remedy, cause);
    let rows: unknown[];
    try {
      ({ rows } = await watched(session, client.query(text)));
    } catch (error) {
      if (isBroken(error)) throw error;
      throw refuse(`${place}: ${messageOf(error)}`, "Mend that query, and run `pulumi up` again.", error);
    }
    if (rows.length === 0) continue;
    const found = rows.length === 1 ? "a row" : `${rows.length.toLocaleString("en")} rows`;
    throw refuse(
      `${place} finds ${found}, and must find none: ${JSON.stringify(rows[0])}`,
      "Mend the migration, or the data that it does not fit, and run `pulumi up` again.",
    );
  }
}
