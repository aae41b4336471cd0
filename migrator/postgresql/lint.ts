import { runsAlone } from "./alone.ts";
import { warning, type Danger } from "./danger.ts";
import { dangersOf } from "./dangers.ts";
import { understood } from "./describe.ts";
import { computed, kindOf, objectName, tableName, type Tree } from "./names.ts";
import type { SqlScript, SqlStatement } from "./statements.ts";
import { follow, movesNames, nothingKnown, type Tables } from "./tables.ts";
import type { Finding } from "../types.ts";

/**
 * What is dangerous in a pending file.
 * @param tables what is known of them before it; it is taken on to the end of this file.
 */
export function lintSql({ statements, transaction, allowed }: SqlScript, tables: Tables): Finding[] {
  const sure = !statements.some(({ node, inside = [] }) => movesNames(node) || inside.some(isUnsure));
  if (!sure) {
    tables.empty.clear();
    tables.made.clear();
  }
  tables.own.clear();
  const found = statements.flatMap((statement, index) => {
    const place = `line ${statement.line}`;
    const refused = impossible(statement, transaction).map(({ rule, message }): Finding => ({
      rule,
      severity: "refused",
      place,
      message,
    }));
    // A loop may come to a statement again after the others.
    if (sure) for (const node of filling(statement.inside)) follow(tables, node);
    const remade = sure && transaction && isRemade(statement.node, statements.slice(index + 1));
    const dangers = dangersIn(statement, tables)
      .filter(({ rule }) => !remade || rule !== "drop-guard")
      .map((danger) => finding(danger, place, allowed.get(danger.rule)));
    if (sure) follow(tables, statement.node);
    if (!transaction) tables.own.clear();
    return [...refused, ...dangers];
  });
  return [...found, ...unneeded(statements, allowed)];
}

/** Whether nobody knows which tables a statement inside a block is about. */
function isUnsure(node: Tree | undefined): boolean {
  return node === undefined || movesNames(node) || (!node.CreateStmt && JSON.stringify(node).includes(computed));
}

/** What a block makes counts as old: it may come upon it, and leave it as it was. */
function filling(inside: readonly (Tree | undefined)[] = []): Tree[] {
  return inside.flatMap((node) => {
    if (node?.CreateStmt) return [{ CreateStmt: { ...node.CreateStmt, if_not_exists: true } }];
    return node === undefined || /^(Create|Composite)/.test(kindOf(node)) ? [] : [node];
  });
}

/** Whether a trigger, a policy or a rule that a statement drops is made again after it: nobody sees the table without it. */
function isRemade({ DropStmt }: Tree, after: readonly SqlStatement[]): boolean {
  const gone = DropStmt && `${DropStmt.removeType} ${objectName(DropStmt.objects[0])}`;
  return DropStmt !== undefined && after.some(({ node }) => guardMadeBy(node) === gone);
}

function guardMadeBy({ CreateTrigStmt, CreatePolicyStmt, RuleStmt }: Tree): string | undefined {
  if (CreateTrigStmt) return `OBJECT_TRIGGER ${tableName(CreateTrigStmt.relation)}.${CreateTrigStmt.trigname}`;
  if (CreatePolicyStmt) return `OBJECT_POLICY ${tableName(CreatePolicyStmt.table)}.${CreatePolicyStmt.policy_name}`;
  return RuleStmt && `OBJECT_RULE ${tableName(RuleStmt.relation)}.${RuleStmt.rulename}`;
}

/** Rules that the file allows for nothing. What it needs on its own counts: files before it may make the same harmless. */
function unneeded(statements: readonly SqlStatement[], allowed: SqlScript["allowed"]): Finding[] {
  if (allowed.size === 0) return [];
  const needed = new Set<string>(
    statements.flatMap((statement) => dangersIn(statement, nothingKnown())).map(({ rule }) => rule),
  );
  return [...allowed.keys()]
    .filter((rule) => !needed.has(rule))
    .map((rule) => ({
      rule,
      severity: "warning",
      place: "directive",
      message:
        "No statement of the file needs it to be allowed: take the line out, before one does that was not meant.",
    }));
}

function dangersIn({ node, inside = [] }: SqlStatement, tables: Tables): Danger[] {
  const found = [node, ...inside].flatMap((node) => {
    const known = node !== undefined && (understood(node) || outside.has(kindOf(node)));
    return [...(known ? [] : [notUnderstood]), ...dangersOf(node, tables)];
  });
  // A block may have many statements of which nothing is known.
  return found.filter((danger, index) => danger !== notUnderstood || found.indexOf(danger) === index);
}

const notUnderstood = warning(
  "not-understood",
  "What it destroys, locks or breaks is not known here: try it on a copy of the database first.",
);

function finding({ rule, severity, message }: Danger, place: string, allowed: string | undefined): Finding {
  const wayOn =
    severity === "destructive" ? ` If it is meant, state why in the file: -- migrate: allow ${rule}: reason` : "";
  return { rule, severity, place, message: message + wayOn, ...(allowed !== undefined && { allowed }) };
}

/** Why a statement can't work where it stands. Nothing lifts that. */
function impossible(statement: SqlStatement, transaction: boolean): { rule: string; message: string }[] {
  const [kind = "", tree] = Object.entries(statement.node as Tree)[0] ?? [];
  const found: { rule: string; message: string }[] = [];
  if (transaction && runsAlone(statement)) {
    const message =
      "PostgreSQL refuses it inside a transaction. Put it into a file of its own that begins with `-- migrate: no-transaction`.";
    found.push({ rule: "concurrently-in-transaction", message });
  }
  const index = kind === "IndexStmt" ? (tree as Tree) : undefined;
  if (index?.concurrent && !index.idxname) {
    found.push({
      rule: "index-without-name",
      message: "What a killed run leaves of an index is found by its name. Give it one.",
    });
  }
  if (index?.concurrent && index.if_not_exists) {
    const message = "IF NOT EXISTS takes an INVALID index for a good one. Leave it out: the ledger knows what is done.";
    found.push({ rule: "index-if-not-exists", message });
  }
  if ([statement.node, ...(statement.inside ?? [])].some((node) => node && outside.has(kindOf(node)))) {
    const message =
      "It is a matter of the whole server, not of one database's schema. Run it by hand, or in the set-up.";
    found.push({ rule: "not-in-a-migration", message });
  }
  return found;
}

const outside = new Set([
  "CreatedbStmt",
  "DropdbStmt",
  "CreateTableSpaceStmt",
  "DropTableSpaceStmt",
  "AlterSystemStmt",
  "CreateSubscriptionStmt",
  "DropSubscriptionStmt",
  "CreateRoleStmt",
  "DropRoleStmt",
]);
