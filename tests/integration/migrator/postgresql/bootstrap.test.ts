import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { bootstrapPostgres, findPostgres } from "../../../../migrator/postgresql/bootstrap.ts";
import { migrate } from "../../../../migrator/run.ts";
import {
  askPostgres,
  docker,
  logs,
  passwords as usual,
  startPostgres,
  type Server,
} from "../../../support/databases.ts";
import { folder, migrationsOf, refusal } from "../../../support/migrations.ts";
import { expectSettled } from "../../../support/settled.ts";

jest.setTimeout(300_000);

const database = "trading_results";
const passwords = {
  migrator: "plain-text-m",
  user: "plain-text-'u",
  readonly: "plain-text-r",
  replicator: "plain-text-p",
};

let server: Server;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.remove());

const bootstrap = (changed = {}) =>
  bootstrapPostgres({ container: server.container, database, passwords: { ...passwords, ...changed } });
const psql = (sql: string, db = "postgres") => askPostgres(server, db, sql);

/** Runs one statement over TCP, as a role with its password. */
async function as(role: string, password: string, sql: string, at = server): Promise<pg.QueryResult> {
  const client = new pg.Client({ host: at.host, port: at.port, database, user: role, password });
  client.on("error", () => {});
  await client.connect();
  return client.query(sql).finally(() => client.end());
}

describe("a bootstrap", () => {
  test("F33: of a server that is still initialising waits for it, and tells what it made", async () => {
    expect(await bootstrap()).toEqual({
      changes: [
        "made the role trading_owner",
        "made the role trading_migrator",
        "made the role trading_user",
        "made the role trading_readonly",
        "made the role trading_replicator",
        "set the password of trading_migrator",
        "set the password of trading_user",
        "set the password of trading_readonly",
        "set the password of trading_replicator",
        "made the database trading_results",
        "made the extension pg_stat_statements",
      ],
    });
  });

  test("F33: of a server that is still initialising makes roles that log in, and a database that is migrated", async () => {
    const own = await startPostgres();
    try {
      const { container, host, port } = own;
      await bootstrapPostgres({ container, database, passwords: usual });
      expect(await findPostgres({ container, database, passwords: usual })).toEqual({ database, passwords: usual });
      const connection = { host, port, database, user: "trading_migrator", password: usual.migrator };
      const directory = folder({
        "0001_create_runs.sql":
          "CREATE TABLE runs (id int);\nGRANT SELECT ON runs TO trading_readonly;\n" +
          "GRANT SELECT, INSERT ON runs TO trading_user;\n",
        "0002_index_runs.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY runs_id ON runs (id);\n",
      });
      await migrate("postgresql", migrationsOf("postgresql", connection, directory));
      await as("trading_user", usual.user, "INSERT INTO runs VALUES (1)", own);
      const { rows } = await as("trading_readonly", usual.readonly, "SELECT id FROM runs", own);
      expect(rows).toEqual([{ id: 1 }]);
      await expectSettled("postgresql", own, connection, directory);
    } finally {
      await own.remove();
    }
  });

  test("that is repeated changes nothing, verifiers included", async () => {
    const verifiers = () => psql("SELECT rolname, rolpassword FROM pg_authid ORDER BY 1");
    const before = await verifiers();
    expect(await bootstrap()).toEqual({ changes: [] });
    expect(await verifiers()).toBe(before);
  });

  test("puts back what drifted, and only that", async () => {
    await psql("ALTER ROLE trading_user SUPERUSER; ALTER ROLE trading_readonly PASSWORD 'another'");
    await psql(`ALTER DATABASE ${database} OWNER TO postgres; DROP EXTENSION pg_stat_statements`);
    await psql(`GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMPORARY ON DATABASE ${database} TO PUBLIC`, database);
    expect(await findPostgres({ container: server.container, database, passwords })).toEqual({
      database: "",
      passwords: { migrator: passwords.migrator, replicator: passwords.replicator },
    });
    expect(await findPostgres({ container: server.container, database: "another", passwords })).toMatchObject({
      database: "",
    });
    expect(await bootstrap()).toEqual({
      changes: [
        "reset the attributes of trading_user",
        "set the password of trading_readonly",
        "gave the database trading_results to trading_owner",
        "made the extension pg_stat_statements",
      ],
    });
    expect(await refusal(as("trading_user", passwords.user, "CREATE TABLE x ()"))).toBe(
      "permission denied for schema public",
    );
  });

  test.each([
    ["ALTER ROLE trading_readonly NOLOGIN", "reset the attributes of trading_readonly"],
    ["ALTER ROLE trading_readonly VALID UNTIL '2020-01-01'", "reset the attributes of trading_readonly"],
    ["ALTER ROLE trading_readonly CONNECTION LIMIT 0", "reset the attributes of trading_readonly"],
    ["REVOKE trading_owner FROM trading_migrator", undefined],
    [`REVOKE CONNECT ON DATABASE ${database} FROM trading_user`, undefined],
  ])("finds and puts back what %s took away", async (statement, change) => {
    const find = () => findPostgres({ container: server.container, database, passwords });
    const whole = { database, passwords };
    expect(await find()).toEqual(whole);
    await psql(statement);
    expect(await find()).not.toEqual(whole);
    expect(await bootstrap()).toEqual({ changes: change === undefined ? [] : [change] });
    expect(await find()).toEqual(whole);
  });

  test("with a new password replaces the old one", async () => {
    expect(await bootstrap({ user: "a-new-one" })).toEqual({ changes: ["set the password of trading_user"] });
    expect(await refusal(as("trading_user", passwords.user, "SELECT"))).toBe(
      'password authentication failed for user "trading_user"',
    );
    expect((await as("trading_user", "a-new-one", "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(await bootstrap()).toEqual({ changes: ["set the password of trading_user"] });
  });

  test("leaves rows and tables alone", async () => {
    await psql("CREATE TABLE kept AS SELECT 1 AS one", database);
    await bootstrap({ user: "for-a-while" });
    await bootstrap();
    expect(await psql("SELECT * FROM kept; DROP TABLE kept", database)).toContain("1");
  });

  test("refuses a password that client and server might read differently", async () => {
    expect(await refusal(bootstrap({ user: "pässword" }))).toBe(
      "A role's password must be one or more printable ASCII characters. Generate another one.",
    );
  });

  test("leaves neither password nor verifier in the server's log, which logs all statements", async () => {
    const log = await logs(server.container);
    expect(log).toContain("log_statement = 'none'");
    expect(log).not.toContain("plain-text");
    expect(log).not.toContain("SCRAM-SHA-256$");
    await psql("ALTER ROLE trading_user PASSWORD 'plain-text-canary'");
    expect(await logs(server.container)).toContain("plain-text-canary");
    await bootstrap();
  });
});

describe("the roles", () => {
  test("have what they need and no more", async () => {
    const { user, readonly, migrator, replicator } = passwords;
    expect(await refusal(as("trading_user", user, "CREATE TABLE x ()"))).toBe("permission denied for schema public");
    expect(await refusal(as("trading_user", user, "CREATE TEMP TABLE x ()"))).toBe(
      'permission denied to create temporary tables in database "trading_results"',
    );
    expect(await refusal(as("trading_user", user, "SET ROLE trading_owner"))).toBe(
      'permission denied to set role "trading_owner"',
    );
    expect(await refusal(as("trading_readonly", readonly, "CREATE TABLE x ()"))).toBe(
      "permission denied for schema public",
    );
    // Only after SET ROLE may the migrator do anything.
    expect(await refusal(as("trading_migrator", migrator, "CREATE TABLE x ()"))).toBe(
      "no schema has been selected to create in",
    );
    await as("trading_migrator", migrator, "SET ROLE trading_owner; CREATE TABLE x (); DROP TABLE x");
    // Backups dump every row, and change none.
    await as("trading_migrator", migrator, "SET ROLE trading_owner; CREATE TABLE x ()");
    expect((await as("trading_replicator", replicator, "SELECT count(*)::int FROM x")).rows).toEqual([{ count: 0 }]);
    expect(await refusal(as("trading_replicator", replicator, "DELETE FROM x"))).toBe("permission denied for table x");
    expect(await refusal(as("trading_replicator", replicator, "CREATE TABLE y ()"))).toBe(
      "permission denied for schema public",
    );
    await as("trading_migrator", migrator, "SET ROLE trading_owner; DROP TABLE x");
    expect((await as("trading_user", user, "SHOW search_path")).rows).toEqual([{ search_path: "public" }]);
  });
});

describe("a container that does not run", () => {
  test("is told at once, with its exit code and last words, without any secret", async () => {
    const name = `${server.container}-exits`;
    await docker(
      "run",
      "--detach",
      "--name",
      name,
      "--tmpfs",
      "/var/lib/postgresql/data",
      "--entrypoint",
      "/bin/bash",
      server.image,
      "-c",
      "echo no room; sleep 1; echo for plain-text-m >&2; exit 7",
    );
    try {
      const started = performance.now();
      const message = await refusal(bootstrapPostgres({ container: name, database, passwords }));
      expect(message).toBe(
        `The container ${name} is exited, with exit code 7. Its last words:\nno room\nfor ***\n` +
          "Mend what they name, and run `pulumi up --refresh`.",
      );
      expect(performance.now() - started).toBeLessThan(30_000);
    } finally {
      await docker("rm", "--force", name);
    }
  });

  test("because it restarts again and again is told at once", async () => {
    const name = `${server.container}-restarts`;
    await docker(
      "run",
      "--detach",
      "--restart",
      "always",
      "--name",
      name,
      "--tmpfs",
      "/var/lib/postgresql/data",
      "--entrypoint",
      "/bin/bash",
      server.image,
      "-c",
      "echo no room; exit 7",
    );
    try {
      expect(await refusal(bootstrapPostgres({ container: name, database, passwords }))).toMatch(
        new RegExp(
          `^The container ${name} keeps restarting\\. Its last words:\n(no room\n)+` +
            "Mend what they name, and run `pulumi up --refresh`\\.$",
        ),
      );
    } finally {
      await docker("rm", "--force", name);
    }
  });

  test("because there is none is told at once", async () => {
    expect(await refusal(bootstrapPostgres({ container: "it-migrator-nobody", database, passwords }))).toBe(
      "There is no container it-migrator-nobody. Run `pulumi up --refresh`, which makes it again.",
    );
  });
});
