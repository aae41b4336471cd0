import { inspectContainers, type ContainerFacts } from "./containers.ts";
import type { StackOutputs } from "../outputs.ts";
import { table } from "./table.ts";

/** What `status` shows of one database. */
export interface DatabaseStatus {
  database: string;
  /** Host and port that this host connects to. */
  address: string;
  user: string;
  container: string;
  /** State and health of the container, such as `running, healthy`; `missing` where there is none. */
  state: string;
  schemaVersion: string;
}

/** One row for each database of a stack, the container's state as it is now. */
export async function databaseStatus({ postgres, mongodb }: StackOutputs): Promise<DatabaseStatus[]> {
  const facts = new Map(
    (await inspectContainers([postgres.container, mongodb.container])).map((fact) => [fact.name, fact]),
  );
  return [postgres, mongodb].map((database) => {
    const fact = facts.get(database.container);
    return {
      database: database.database,
      address: `${database.fromHost.host}:${database.fromHost.port}`,
      user: database.user,
      container: database.container,
      state: describeState(fact),
      schemaVersion: database.schemaVersion,
    };
  });
}

/** A container that does not run keeps the health that it had last. */
function describeState(fact: ContainerFacts | undefined): string {
  if (fact === undefined) return "missing";
  return fact.state === "running" && fact.health !== "none" ? `running, ${fact.health}` : fact.state;
}

/** The rows as a table for people. */
export function renderStatus(rows: DatabaseStatus[]): string {
  return table(
    ["database", "address", "user", "container", "state", "schema"],
    rows.map((row) => [
      ...[row.database, row.address, row.user, row.container, row.state],
      row.schemaVersion.slice(0, 4),
    ]),
  );
}
