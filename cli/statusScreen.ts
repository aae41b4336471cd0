import { isProblem, type DatabaseStatus, type StackStatus } from "../operations/status.ts";
import { table } from "../operations/table.ts";
import { bytes } from "./units.ts";

/** All of a status on one screen. */
export function statusScreen(stack: string, { healthy, containers, databases, disk, backups }: StackStatus): string[] {
  const rows = Object.values(databases);
  const slow = rows.flatMap(({ server }) => (isProblem(server) ? [] : server.slowQueries));
  return [
    `Stack ${stack} is ${healthy ? "healthy" : "NOT healthy"}.`,
    "",
    table(
      ["container", "state", "health"],
      containers.map(({ name, state, health }) => [name, state, health]),
    ),
    table(
      ["database", "version", "up since", "size", "connections", "replication", "schema", "pending"],
      rows.map(row),
    ),
    ...problemsOf(rows),
    ...(slow.length > 0
      ? [
          table(
            ["slow queries", "calls", "average"],
            slow.map(({ query, calls, seconds }) => [shortened(query), String(calls), `${seconds} s`]),
          ),
        ]
      : []),
    disk === null
      ? "Docker's disk is not on this host."
      : `Docker's disk has ${bytes(disk.free)} free of ${bytes(disk.total)}.`,
    backups.lastProven === null
      ? `None of ${backups.number} backups is proven. Make one: npx trading-db backup --prove`
      : `The last proven backup is ${backups.lastProven}.`,
  ];
}

function row({ database, server, migrations }: DatabaseStatus): string[] {
  const [version, pending] = isProblem(migrations)
    ? ["?", "?"]
    : [migrations.version.slice(0, 4) || "none", String(migrations.pending.length)];
  if (isProblem(server)) return [database, "does not answer", "", "", "", "", version, pending];
  const { connections, replication } = server;
  const streams = replication.map(({ name, state }) => `${name} ${state}`).join(", ") || "none";
  return [
    ...[database, server.version, server.since.slice(0, 16).replace("T", " "), bytes(server.size)],
    ...[`${connections.used} of ${connections.most}`, streams, version, pending],
  ];
}

function problemsOf(rows: readonly DatabaseStatus[]): string[] {
  return rows.flatMap(({ database, server, migrations }) => {
    const problems = [server, migrations].filter(isProblem).map(({ problem }) => problem);
    const refusals = isProblem(migrations) ? [] : migrations.refusals;
    return [...new Set([...problems, ...refusals])].map((problem) => `✖ ${database}: ${problem}`);
  });
}

const shortened = (text: string) => (text.length > 70 ? `${text.slice(0, 69)}…` : text);
