import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Connection } from "../../migrator/types.ts";
import { askPostgres, docker, startPostgres, type Server } from "./databases.ts";
import { folder, write } from "./migrations.ts";
import { processesIn } from "./processes.ts";

/** A Pulumi program that migrates a PostgreSQL of its own, and has nothing else. */
export interface ResultsProgram {
  /** Its folder; the migrations are in `sql`. */
  directory: string;
  stack: Stack;
  server: Server;
  /** As trading_migrator, with the password that the stack has. */
  connection(): Promise<Connection>;
  /** Asks the database as the superuser. */
  psql(sql: string): Promise<string>;
  /** Starts `pulumi up` in a process of its own. */
  up(): ChildProcess;
  /** The process in which Pulumi runs the dynamic provider. */
  providerProcess(): number;
  remove(): Promise<void>;
}

const program = `
import { RandomPassword } from "@pulumi/random";
import { readFileSync } from "node:fs";
import * as schema from "./components/schema.ts";
import { listMigrations } from "./provider/files.ts";

const { container, containerId, host, port, keeper } = JSON.parse(readFileSync("server.json", "utf8"));
const password = (name) => new RandomPassword(name, { length: 20, special: false }).result;
const passwords = { migrator: password("m"), user: password("u"), readonly: password("r"), replicator: password("p") };
// Another keeper makes the id of the container unknown in a preview, as a container does that is going to be replaced.
const other = new RandomPassword("other", { length: 1, keepers: { keeper } });
const id = other.result.apply(() => containerId);
const roles = new schema.PostgresRoles("roles", { container, containerId: id, database: "results", passwords });
export const connection = { host, port, database: "results", user: "trading_migrator", password: passwords.migrator };
const directory = "sql";
const migrations = listMigrations("postgresql", directory);
new schema.PostgresMigrations("tables", { connection, containerId: id, directory, migrations }, { dependsOn: roles });
`;

/** @param files the migrations. */
export async function makeResultsProgram(files: Record<string, string>): Promise<ResultsProgram> {
  const server = await startPostgres();
  try {
    const stackName = `it-${randomBytes(4).toString("hex")}`;
    const directory = folder({
      "index.ts": program,
      "package.json": '{ "type": "module" }',
      "Pulumi.yaml": "{ name: it-results, runtime: { name: nodejs, options: { typescript: false } } }",
      "state/.keep": "",
    });
    for (const [name, text] of Object.entries(files)) write(directory, { [`sql/${name}`]: text });
    const containerId = await docker("inspect", "--format", "{{.Id}}", server.container);
    write(directory, { "server.json": JSON.stringify({ ...server, containerId, keeper: "one" }) });
    for (const room of ["components", "provider", "migrator", "node_modules"]) {
      symlinkSync(resolve(room), join(directory, room));
    }
    const envVars = {
      PULUMI_BACKEND_URL: `file://${directory}/state`,
      PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
      PULUMI_CONFIG_PASSPHRASE_FILE: "",
    };
    const stack = await LocalWorkspace.createStack({ stackName, workDir: directory }, { envVars });
    return {
      directory,
      stack,
      server,
      connection: async () => (await stack.outputs())["connection"]!.value,
      psql: (sql) => askPostgres(server, "results", sql),
      up: () =>
        spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stackName], {
          cwd: directory,
          env: { ...process.env, ...envVars },
          stdio: ["ignore", "pipe", "pipe"],
        }),
      providerProcess: () => processIn(directory, "dynamic-provider"),
      remove: () => server.remove(),
    };
  } catch (error) {
    await server.remove();
    throw error;
  }
}

/** The process that works in a folder, and whose command line has a word. */
function processIn(directory: string, word: string): number {
  const found = processesIn(directory).find(({ command }) => command.includes(word));
  if (found === undefined) throw new Error(`no process in ${directory} has "${word}" in its command line`);
  return found.pid;
}
