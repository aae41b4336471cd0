import { setTimeout as sleep } from "node:timers/promises";
import { MongoServerError, type Binary, type Db, type Document } from "mongodb";
import { MigrationError } from "../errors.ts";
import { unauthorized } from "./codes.ts";
import { tokenIn } from "./leaseDocument.ts";

/** How long killed operations get to end. An index build ends at its next interrupt point. */
const killSeconds = 30;

/**
 * Kills what earlier holders of the lease left running in the server: a statement that ended after its successor's
 * would undo it.
 * @param token of the present holder; what has a lower one is killed.
 * @throws MigrationError when an operation does not end in 30 s.
 */
export async function killOperationsBefore(admin: Db, token: number, database: string): Promise<void> {
  const deadline = performance.now() + killSeconds * 1000;
  for (;;) {
    const former = (await operations(admin)).filter((operation) => {
      const other = tokenOf(operation, database);
      return other !== undefined && other < token;
    });
    const [first] = former;
    if (!first) return;
    if (performance.now() > deadline) {
      const name = Object.keys(first.command ?? {})[0] ?? first.op;
      throw new MigrationError(
        `An operation of an earlier run (${name} on ${first.ns}, operation ${first.opid}) still works on ${database}, ` +
          `and did not end in ${killSeconds} s after it was killed. Nothing was applied. ` +
          `Wait until db.currentOp() no longer lists it, and run \`pulumi up\` again.`,
      );
    }
    // Where one can't be killed it is still waited for.
    for (const { opid } of former) await admin.command({ killOp: 1, op: opid }).catch(() => {});
    await sleep(50);
  }
}

/** Aborts the transaction that a frozen holder left open. It would keep the ledger's documents from its successor. */
export async function killSession(admin: Db, id: Binary): Promise<void> {
  // Where another user's can't be killed, the server ends its transaction after 60 s.
  await admin.command({ killSessions: [{ id }] }).catch(() => {});
}

async function operations(admin: Db): Promise<Document[]> {
  const of = (allUsers: boolean) =>
    admin
      .aggregate(
        [{ $currentOp: { allUsers } }, { $match: { $or: [{ [commented]: prefix }, { [ofCursor]: prefix }] } }],
        {
          readConcern: { level: "local" },
        },
      )
      .toArray();
  try {
    return await of(true);
  } catch (error) {
    // Without the privilege to see those of all users, one's own can be seen.
    if (error instanceof MongoServerError && error.code === unauthorized) return of(false);
    throw error;
  }
}

const commented = "command.comment";
const ofCursor = "cursor.originatingCommand.comment";
const prefix = /^trading-db lease /;

function tokenOf({ command, cursor }: Document, database: string): number | undefined {
  return tokenIn(command?.comment ?? cursor?.originatingCommand?.comment, database);
}
