import pg from "pg";
import type { StackOutputs } from "../../outputs.ts";
import { docker } from "./project.ts";

/** Runs SQL as the user of services, from this host. */
export async function sql({ postgres }: StackOutputs, statement: string): Promise<Record<string, unknown>[]> {
  const { fromHost, database, user, password } = postgres;
  const client = new pg.Client({ ...fromHost, database, user, password });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Runs SQL as the superuser, inside the container. @returns its rows as text */
export function sqlAsSuperuser({ postgres }: StackOutputs, database: string, statement: string): Promise<string> {
  return docker("exec", postgres.container, "psql", "-U", "postgres", "-d", database, "-qAt", "-c", statement);
}
