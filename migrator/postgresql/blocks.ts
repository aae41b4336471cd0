import { parsePlPgSQLSync, parseSync, type Node } from "libpg-query";
import { computed, constant, nameIn, nodesIn, type Tree } from "./names.ts";

/**
 * The statements that a DO block of PL/pgSQL may run, in the order in which they are written: those of EXECUTE, too, as far as
 * they are one text or the template of one format(). undefined for each that only the run makes, and for all of a block in
 * another language or that can't be parsed.
 */
export function statementsInside(node: Node): (Node | undefined)[] {
  const { args = [] } = (node as Tree).DoStmt;
  const language = args.find(({ DefElem }: Tree) => DefElem.defname === "language")?.DefElem.arg.String.sval;
  if (language !== undefined && language.toLowerCase() !== "plpgsql") return [undefined];
  const body = args.find(({ DefElem }: Tree) => DefElem.defname === "as")?.DefElem.arg.String.sval ?? "";
  const [block] = attempt(() => parsePlPgSQLSync(`DO ${quoted(body)}`));
  if (block === undefined) return [undefined];
  return nodesIn(block, ["PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", "PLpgSQL_expr"]).flatMap(([kind, tree]) => {
    if (kind !== "PLpgSQL_expr") return parsed(executed(tree.query.PLpgSQL_expr.query));
    // Conditions, values and assignments are parts of statements.
    return tree.parseMode === 0 ? parsed(tree.query) : [];
  });
}

/** The text that EXECUTE gets from an expression, names that are put into it left open. */
function executed(expression: string): string | undefined {
  const [select] = parsed(`SELECT ${expression}`) as Tree[];
  const value = select?.SelectStmt.targetList[0].ResTarget.val;
  if (nameIn(value?.FuncCall?.funcname) !== "format") return constant(value);
  return constant(value.FuncCall.args[0])
    ?.replace(/%(\d+\$)?I/g, `"${computed}"`)
    .replace(/%(\d+\$)?s/g, "0")
    .replace(/%(\d+\$)?L/g, "'0'")
    .replaceAll("%%", "%");
}

function parsed(text: string | undefined): (Node | undefined)[] {
  if (text === undefined) return [undefined];
  return attempt(() => parseSync(text)).flatMap((script) => script?.stmts?.map(({ stmt }) => stmt) ?? [undefined]);
}

/** Of what can't be parsed nothing is known; PostgreSQL will say why. The parser of blocks throws plain errors. */
function attempt<T>(parse: () => T): [T | undefined] {
  try {
    return [parse()];
  } catch {
    return [undefined];
  }
}

/** In dollars that the text does not have. */
function quoted(body: string): string {
  let tag = "$block$";
  while (body.includes(tag)) tag = tag.replace("$b", "$bb");
  return `${tag}${body}${tag}`;
}
