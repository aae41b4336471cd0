import type { Engine } from "../migrator/types.ts";

/** What a new migration reads, by its name without the extension. There is no statement in it: that is the author's part. */
export const migrationTemplates: Record<Engine, { extension: string; text: (stem: string) => string }> = {
  postgresql: { extension: "sql", text: postgresql },
  mongodb: { extension: "ts", text: mongodb },
};

/**
 * The examples of directives stand indented behind a second comment sign: only at the start of a line would they count.
 */
function postgresql(stem: string): string {
  return `-- (What this changes, and why. Then the statements, and these comments can go.)
--
-- A migration is SQL that changes the schema once. When it was applied anywhere it is no longer edited: what comes
-- next is a migration of its own. It runs as trading_owner, in one transaction together with its entry in the ledger,
-- so that all of it is kept or nothing: leave out BEGIN, COMMIT and SET ROLE.
--
-- A statement that PostgreSQL refuses inside a transaction, such as CREATE INDEX CONCURRENTLY, needs this line, alone
-- and without the first two signs. Each statement is then kept by itself, and an interrupted run goes on after the last:
--     -- migrate: no-transaction
--
-- What deletes data stops the update until the file states why it is meant, in one such line for each rule that the
-- preview names:
--     -- migrate: allow drop-column: nobody has read it since 2.3
--
-- A statement waits 2 s for a lock (lock_timeout), because everybody else queues behind it, and runs 15 min at most
-- (statement_timeout). Where it needs longer, say so before it:
--     SET statement_timeout = '1h';
--
-- Files that may stand beside this one:
--     ${stem}.down.sql    takes back exactly what this one made; run on request alone
--     ${stem}.verify.sql  queries that must find no row; run after this one, which fails if they do
`;
}

function mongodb(stem: string): string {
  return `import type { MongoSteps } from "../../../migrator/mongodb/command.ts";

// (What this changes, and why. Then the commands, and these comments can go.)
//
// A migration is a list of database commands, as for runCommand, that changes collections once. When it was applied
// anywhere it is no longer edited: what comes next is a migration of its own. MongoDB has no transaction for such
// commands: each is kept by itself, and an interrupted run goes on after the last one that is done.
//
// The file is run without imports other than \`import type\`, and exports plain data. Dates and decimals are written
// { $date: "2026-01-31T00:00:00Z" } and { $numberDecimal: "1.5" }. A file ${stem}.json that holds the
// array alone is a migration, too.
//
// What deletes data stops the update until the file states why it is meant, in one such line for each rule that the
// preview names, alone and without the first two signs:
//     // migrate: allow drop-collection: nobody has read it since 2.3
//
// Files that may stand beside this one, each as .ts or .json:
//     ${stem}.down.ts    commands that take back exactly what this one made; run on request alone
//     ${stem}.verify.ts  find and aggregate commands that must find nothing; run after this one

export default [
  // { createIndexes: "algorithm_versions", indexes: [{ name: "status", key: { status: 1 } }] },
] satisfies MongoSteps;
`;
}
