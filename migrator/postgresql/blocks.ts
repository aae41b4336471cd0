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
  const found = nodesIn(block, [...executing, "PLpgSQL_expr"]).flatMap(([kind, tree]) => {
    const text = tree.dynquery ?? tree.query;
    if (kind !== "PLpgSQL_expr") return parsedTexts(executed(text?.PLpgSQL_expr?.query));
    // Conditions, values and assignments are parts of statements. What they call may set what names mean.
    return tree.parseMode === 0 ? parsed(text) : /set_config/i.test(text) ? [undefined] : [];
  });
  return found.flatMap((inner) => (inner && ("DoStmt" in inner || "CallStmt" in inner) ? insideOf(inner) : [inner]));
}

/** What a DO or a CALL runs. Where a procedure stands, and what it does, is not known here. */
export function insideOf(node: Node): (Node | undefined)[] {
  return "DoStmt" in node ? statementsInside(node) : [undefined];
}

/** Parts of PL/pgSQL that run a text: EXECUTE, FOR ... IN EXECUTE, and OPEN ... FOR EXECUTE, which may also have a query. */
const executing = ["PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", "PLpgSQL_stmt_open"];

/**
 * The text that EXECUTE gets from an expression, in two forms: what is put in without quotes may be a name or a value.
 * Empty for a statement that runs no text, undefined for a text that only the run makes.
 */
function executed(expression: string | undefined): (string | undefined)[] {
  if (expression === undefined) return [];
  const [select] = parsed(`SELECT ${expression}`) as Tree[];
  const value = select?.SelectStmt?.targetList?.[0]?.ResTarget.val;
  if (nameIn(value?.FuncCall?.funcname) !== "format") return [constant(value)];
  const template = constant(value.FuncCall.args?.[0]);
  return [computed, "0"].map((put) =>
    template?.replace(/%(?:%|(?:\d+\$)?-?\d*([ILs]))/g, (all, kind) =>
      all === "%%" ? "%" : kind === "I" ? computed : kind === "L" ? `'${put}'` : put,
    ),
  );
}

/** The statements of the first of these texts that can be parsed. */
function parsedTexts(texts: (string | undefined)[]): (Node | undefined)[] {
  const [first = [], ...others] = texts.map(parsed);
  return first.includes(undefined) ? (others[0] ?? first) : first;
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
