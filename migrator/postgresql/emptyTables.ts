import pg from "pg";

/**
 * @param tables names as SQL has them, with their schema.
 * @returns those that have no row, without `public`. Where row level security would hide rows, the server refuses to answer.
 */
export async function emptyTables(client: pg.Client, tables: readonly string[]): Promise<string[]> {
  if (tables.length === 0) return [];
  const asked = tables.map(
    (table) => `SELECT ${pg.escapeLiteral(table)} AS name WHERE NOT EXISTS (SELECT FROM ${table})`,
  );
  await client.query("SET row_security = off");
  const { rows } = await client.query<{ name: string }>(asked.join(" UNION ALL "));
  await client.query("RESET row_security");
  return rows.map(({ name }) => name.replace(/^public\./, ""));
}
