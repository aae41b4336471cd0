import type pg from "pg";

/**
 * Asks for the sizes of their files, because rows may be nobody's to see; one whose rows were all deleted may count as filled.
 * @param tables names as SQL has them, with their schema.
 * @returns those without a row, as the linter names them: without `public`. Rows of a child are rows of its parent.
 */
export async function emptyTables(client: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT concat_ws('.', nullif(nspname, 'public'), relname) AS name
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE concat(quote_ident(nspname), '.', quote_ident(relname)) = ANY ($1) AND pg_relation_size(c.oid) = 0
       AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid)`,
    [tables],
  );
  return rows.map(({ name }) => name);
}
