import * as pulumi from "@pulumi/pulumi";
import { MONGODB_MEMBER } from "../naming.ts";
import { listMigrations, listSeeds } from "../provider/files.ts";
import type { Mongodb } from "./mongodb.ts";
import { MongoMigrations, MongoSeeds, MongoUsers } from "./schema.ts";

const MIGRATIONS = "schema/mongodb/migrations";
const SEEDS = "schema/mongodb/seeds";

export interface MongodbSchemaArgs {
  server: Mongodb;
  /** Where the server is reached from this host. */
  address: { host: string; port: number };
  /** Name of the database. */
  database: string;
  /** Password of the root user `admin`. */
  adminPassword: pulumi.Input<string>;
  /** A user with readWrite on the database alone; undefined makes none. */
  serviceUser: { user: string; password: pulumi.Input<string> } | undefined;
  /** A user that may read and copy everything; undefined makes none. */
  backupUser: { user: string; password: pulumi.Input<string> } | undefined;
  /** Folders of `schema/mongodb/seeds`, in the order in which they are inserted. */
  seedSets: readonly string[];
}

/** What stands in MongoDB: the replica set and its users, then the migrations, then the seeds. */
export class MongodbSchema extends pulumi.ComponentResource {
  /** Name of the last migration. */
  declare readonly version: pulumi.Output<string>;
  /** Seeds that are in, as SET/NAME. */
  declare readonly seeds: pulumi.Output<string[]>;

  constructor(name: string, args: MongodbSchemaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:MongodbSchema", name, {}, opts);
    const { container, containerId } = args.server;
    const connection = { ...args.address, database: args.database, user: "admin", password: args.adminPassword };

    const users = new MongoUsers(
      `${name}-users`,
      {
        connection,
        container,
        containerId,
        replicaSetMember: MONGODB_MEMBER,
        serviceUser: args.serviceUser && { ...args.serviceUser, database: args.database },
        backupUser: args.backupUser,
      },
      { parent: this },
    );
    const migrations = new MongoMigrations(
      `${name}-migrations`,
      { connection, containerId, directory: MIGRATIONS, migrations: listMigrations("mongodb", MIGRATIONS) },
      { parent: this, dependsOn: users },
    );
    const seeds = new MongoSeeds(
      `${name}-seeds`,
      { connection, containerId, directory: SEEDS, seeds: listSeeds("mongodb", SEEDS, [...args.seedSets]) },
      { parent: this, dependsOn: migrations },
    );

    this.version = migrations.version;
    this.seeds = seeds.seeded;
    this.registerOutputs({ version: this.version, seeds: this.seeds });
  }
}
