import type { SqlRule } from "./rules.ts";

export interface Danger {
  rule: SqlRule;
  severity: "destructive" | "warning";
  message: string;
}

export const destructive = (rule: SqlRule, message: string): Danger => ({ rule, severity: "destructive", message });
export const warning = (rule: SqlRule, message: string): Danger => ({ rule, severity: "warning", message });

export function cascade(behavior: string): Danger[] {
  if (behavior !== "DROP_CASCADE") return [];
  return [
    destructive(
      "cascade",
      "CASCADE takes along what depends on it, whatever that is by then. Name each thing, and drop it by itself.",
    ),
  ];
}

export function rewrite(table: string): Danger {
  return warning("rewrite-table", `${table} is written anew, and nobody can read it meanwhile.`);
}

export function constraintGone(name: string, of: string): Danger {
  return warning("drop-constraint", `What constraint ${name} kept out of ${of} may come in from then on.`);
}
