import * as pulumi from "@pulumi/pulumi";
import { listMigrations, listSeeds } from "../provider/files.ts";
import type { PostgresRole } from "./credentials.ts";
import type { Postgres } from "./postgres.ts";
import { PostgresMigrations, PostgresRoles, PostgresSeeds } from "./schema.ts";

const MIGRATIONS = "schema/postgresql/migrations";
const SEEDS = "schema/postgresql/seeds";

export interface PostgresSchemaArgs {
  server: Postgres;
  /** Where the server is reached from this host. */
  address: { host: string; port: number };
  /** Name of the database; made if it is missing. */
  database: string;
  /** Passwords that the roles get. */
  passwords: Record<PostgresRole, pulumi.Input<string>>;
  /** Folders of `schema/postgresql/seeds`, in the order in which they are inserted. */
  seedSets: readonly string[];
}

/** What stands in PostgreSQL: the roles, then the migrations, then the seeds. */
export class PostgresSchema extends pulumi.ComponentResource {
  /** Name of the last migration. */
  declare readonly version: pulumi.Output<string>;
  /** Seeds that are in, as SET/NAME. */
  declare readonly seeds: pulumi.Output<string[]>;

  constructor(name: string, args: PostgresSchemaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:PostgresSchema", name, {}, opts);
    const { container, containerId } = args.server;
    const connection = {
      ...args.address,
      database: args.database,
      user: "trading_migrator",
      password: args.passwords.trading_migrator,
    };

    const roles = new PostgresRoles(
      `${name}-roles`,
      {
        container,
        containerId,
        database: args.database,
        passwords: {
          migrator: args.passwords.trading_migrator,
          user: args.passwords.trading_user,
          readonly: args.passwords.trading_readonly,
          replicator: args.passwords.trading_replicator,
        },
      },
      { parent: this },
    );
    const migrations = new PostgresMigrations(
      `${name}-migrations`,
      { connection, containerId, directory: MIGRATIONS, migrations: listMigrations("postgresql", MIGRATIONS) },
      { parent: this, dependsOn: roles },
    );
    const seeds = new PostgresSeeds(
      `${name}-seeds`,
      { connection, containerId, directory: SEEDS, seeds: listSeeds("postgresql", SEEDS, [...args.seedSets]) },
      { parent: this, dependsOn: migrations },
    );

    this.version = migrations.version;
    this.seeds = seeds.seeded;
    this.registerOutputs({ version: this.version, seeds: this.seeds });
  }
}
