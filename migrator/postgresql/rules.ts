/** What the linter looks for, by the name under which a file allows it. */
export const sqlRules = {
  "drop-table": "a table goes with its rows",
  "drop-column": "a column goes with its values",
  "drop-schema": "a schema goes with all that is in it",
  "drop-type": "a type goes, and with CASCADE the columns that have it",
  truncate: "all rows of a table go",
  "delete-all": "all rows of a table go",
  cascade: "what depends on it goes too, unnamed",
  rename: "services that use the old name fail",
  "change-type": "values are converted, or can't be, while the table is locked",
  "not-null-without-default": "it fails where there are rows",
  "set-not-null": "the table is read whole while it is locked",
  "index-without-concurrently": "writes wait while it is built",
  "constraint-without-not-valid": "the table is read whole while it is locked",
  "unique-constraint": "writes wait while its index is built, and it fails where there are duplicates",
  "rewrite-table": "the table is written anew while it is locked",
  "drop-index": "queries become slow, and what was unique no longer is",
  "drop-constraint": "what it kept out may come in",
  "drop-view": "queries that use it fail",
  "drop-function": "queries that use it fail",
  "update-all": "every row is written anew",
  "no-timeout": "others may queue behind it without end",
} as const;

export type SqlRule = keyof typeof sqlRules;
