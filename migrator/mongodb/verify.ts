import { BSON, type Db, type Document } from "mongodb";
import { ApplyFailure, counted } from "../errors.ts";
import type { Lease } from "./lease.ts";

/** More than these are not counted. */
const limit = 1000;

/** Characters of the document that is shown. */
const shown = 500;

/**
 * Asks what a migration promises, each query of which must find nothing.
 * @param name of the migration.
 * @throws ApplyFailure with the first document found.
 */
export async function verify(database: Db, name: string, queries: readonly Document[], lease: Lease): Promise<void> {
  const { session, comment } = lease;
  for (const query of queries) {
    const cursor = database.runCursorCommand({ ...query, comment }, { session });
    let first: Document | undefined;
    let count = 0;
    try {
      for await (const document of cursor) {
        first ??= document;
        if (++count === limit) break;
      }
    } finally {
      await cursor.close();
    }
    if (!first) continue;
    const json = BSON.EJSON.stringify(first, { relaxed: true });
    const documents = `${count === limit ? "at least " : ""}${counted(count, "document")}`;
    throw new ApplyFailure(
      `${name}: its verify file found ${documents}: ${json.length > shown ? `${json.slice(0, shown)}…` : json}`,
      `the steps of ${name} are done, but it is not recorded as applied`,
      "Mend the data, the verify file, or add a step that does, and run `pulumi up` again: steps that are done are not run again.",
      undefined,
    );
  }
}
