import { docker, scrub } from "../docker.ts";
import { MigrationError, messageOf } from "../errors.ts";
import { connected } from "../readiness.ts";
import { matchesVerifier, scramVerifier } from "./scram.ts";
import type { BootstrapReport } from "../types.ts";

/** Passwords of the roles that log in. Secret; printable ASCII. */
export interface PostgresPasswords {
  migrator: string;
  user: string;
  readonly: string;
  replicator: string;
}

export interface PostgresBootstrapRequest {
  /** Name or id of the server's container. */
  container: string;
  /** Made if it is missing. */
  database: string;
  passwords: PostgresPasswords;
}

const always = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS CONNECTION LIMIT -1 VALID UNTIL 'infinity'";

/** Attributes of each role. */
const roles: Record<string, string> = {
  trading_owner: `NOLOGIN INHERIT NOREPLICATION ${always}`,
  // Acts as trading_owner after SET ROLE alone, so that nothing is ever made in its own name.
  trading_migrator: `LOGIN NOINHERIT NOREPLICATION ${always}`,
  trading_user: `LOGIN INHERIT NOREPLICATION ${always}`,
  trading_readonly: `LOGIN INHERIT NOREPLICATION ${always}`,
  trading_replicator: `LOGIN INHERIT REPLICATION ${always}`,
};

/** Those who may connect to the database. */
const members = ["trading_migrator", "trading_user", "trading_readonly", "trading_replicator"];

interface ServerState {
  /** Whether it listens on TCP: the image's temporary server, which only initialises the data folder, does not. */
  listens: boolean;
  databaseOwner: string | null;
  extension: boolean;
  /** Whether trading_migrator may become trading_owner. */
  migratorOwns: boolean;
  /** Whether all members may connect to the database. */
  connectable: boolean;
  roles: Record<string, { attributes: string; verifier: string | null }>;
}

/**
 * Makes what must stand before the first migration: roles, database, its privileges, pg_stat_statements.
 * Works as the superuser over the container's own socket, so it needs no password and survives the loss of all.
 * Repeated, it changes what is not as it should be, and nothing else. Rows and tables are never touched.
 * @throws MigrationError when the server does not become ready in 60 s, or its container is not running.
 */
export async function bootstrapPostgres(request: PostgresBootstrapRequest): Promise<BootstrapReport> {
  const { container, database, passwords } = request;
  const secrets: string[] = Object.values(passwords);
  const server = { name: `PostgreSQL in ${container}`, secrets, container };
  const state = await connected(() => inspectServer(container, database), server);
  const changes: string[] = [];
  const sql: string[] = [];
  const change = (words: string, statement: string) => {
    changes.push(words);
    sql.push(statement);
  };

  for (const [role, attributes] of Object.entries(roles)) {
    const found = state.roles[role];
    if (!found) change(`made the role ${role}`, `CREATE ROLE ${role} ${attributes};`);
    else if (found.attributes !== attributes) {
      change(`reset the attributes of ${role}`, `ALTER ROLE ${role} ${attributes};`);
    }
  }
  for (const [name, password] of Object.entries(passwords)) {
    const role = `trading_${name}`;
    if (matchesVerifier(password, state.roles[role]?.verifier)) continue;
    const verifier = scramVerifier(password);
    secrets.push(verifier);
    change(`set the password of ${role}`, `ALTER ROLE ${role} PASSWORD ${literal(verifier)};`);
  }
  sql.push("GRANT trading_owner TO trading_migrator;");
  // So that pg_stat_activity shows them what others run, too: they may read every row anyway.
  sql.push("GRANT pg_read_all_stats TO trading_user, trading_readonly;");
  // Backups dump what they could copy as a whole anyway.
  sql.push("GRANT pg_read_all_data TO trading_replicator;");

  const name = identifier(database);
  if (state.databaseOwner === null) {
    change(`made the database ${database}`, `CREATE DATABASE ${name} OWNER trading_owner;`);
  } else if (state.databaseOwner !== "trading_owner") {
    change(`gave the database ${database} to trading_owner`, `ALTER DATABASE ${name} OWNER TO trading_owner;`);
  }
  if (!state.extension) {
    change("made the extension pg_stat_statements", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;");
  }

  try {
    await psql(container, [silence, ...sql, privileges(name)].join("\n"));
  } catch (cause) {
    throw new MigrationError(
      `PostgreSQL in ${container} could not be set up: ${scrub(messageOf(cause), secrets)}. ` +
        `Mend what it names, and run \`pulumi up --refresh\`: setting up can be repeated.`,
      { cause },
    );
  }
  return { changes };
}

/** What of a request stands already: the database with all that is in it, and the roles that are as they should be. Changes nothing. */
export async function findPostgres({ container, database, passwords }: PostgresBootstrapRequest) {
  const state = await inspectServer(container, database);
  const isWhole = (role: string) => state.roles[role]?.attributes === roles[role];
  const matching = Object.entries(passwords).filter(
    ([name, password]) =>
      isWhole(`trading_${name}`) && matchesVerifier(password, state.roles[`trading_${name}`]?.verifier),
  );
  const { databaseOwner, extension, migratorOwns, connectable } = state;
  const stands =
    databaseOwner === "trading_owner" && isWhole("trading_owner") && extension && migratorOwns && connectable;
  return { database: stands ? database : "", passwords: Object.fromEntries(matching) };
}

/** Verifiers don't belong into the log or the statistics of statements, not even with a statement that fails. */
const silence = `
  SET log_statement = 'none';
  SET log_min_duration_statement = -1;
  SET log_min_error_statement = 'panic';
  SET pg_stat_statements.track = 'none';
  SET client_min_messages = 'warning';`;

/**
 * The extension stands in the database postgres: it counts for the whole server, and in the users' database it would
 * add views beside theirs and a line to each dump that only a superuser can restore.
 */
const privileges = (database: string) => `
  REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
  GRANT CONNECT ON DATABASE ${database} TO ${members.join(", ")};
  ALTER DATABASE ${database} SET search_path = public;
  \\connect ${database}
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  GRANT USAGE ON SCHEMA public TO trading_user, trading_readonly;`;

async function inspectServer(container: string, database: string): Promise<ServerState> {
  const flag = (column: string, word: string) => `CASE WHEN ${column} THEN '${word}' ELSE 'NO${word}' END`;
  const attributes = [
    flag("rolcanlogin", "LOGIN"),
    flag("rolinherit", "INHERIT"),
    flag("rolreplication", "REPLICATION"),
    flag("rolsuper", "SUPERUSER"),
    flag("rolcreatedb", "CREATEDB"),
    flag("rolcreaterole", "CREATEROLE"),
    flag("rolbypassrls", "BYPASSRLS"),
    "'CONNECTION LIMIT ' || rolconnlimit",
    "'VALID UNTIL ' || quote_literal(coalesce(rolvaliduntil, 'infinity'))",
  ].join(", ");
  const answer = await psql(
    container,
    `SELECT json_build_object(
       'listens', current_setting('listen_addresses') <> '',
       'databaseOwner', (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = ${literal(database)}),
       'extension', EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements'),
       'migratorOwns', EXISTS (SELECT FROM pg_auth_members WHERE pg_get_userbyid(roleid) = 'trading_owner'
                                 AND pg_get_userbyid(member) = 'trading_migrator'),
       'connectable', (SELECT count(*) = ${members.length} FROM pg_database, aclexplode(datacl)
                        WHERE datname = ${literal(database)} AND privilege_type = 'CONNECT'
                          AND pg_get_userbyid(grantee) IN (${members.map(literal).join(", ")})),
       'roles', (SELECT coalesce(json_object_agg(rolname, json_build_object(
                   'attributes', concat_ws(' ', ${attributes}), 'verifier', rolpassword)), '{}')
                 FROM pg_authid WHERE rolname LIKE 'trading\\_%'));`,
  );
  const state: ServerState = JSON.parse(answer);
  if (!state.listens) throw new Error("it is still initialising its data folder");
  return state;
}

/** Runs SQL as the superuser. It goes in by stdin, because arguments are visible to all. */
async function psql(container: string, sql: string): Promise<string> {
  const command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres"];
  return docker(["exec", "-i", container, ...command], sql);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
