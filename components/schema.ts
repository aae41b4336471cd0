import * as pulumi from "@pulumi/pulumi";
import type { FileRef } from "../migrator/types.ts";
import { DynamicResource } from "../provider/dynamicResource.ts";

/** How the migrator on this host reaches a database, and as whom. */
export interface ConnectionArgs {
  host: pulumi.Input<string>;
  port: pulumi.Input<number>;
  database: pulumi.Input<string>;
  user: pulumi.Input<string>;
  /** Kept as a secret. */
  password: pulumi.Input<string>;
}

/** A resource that does something in the server of one container. */
interface InContainerArgs {
  /** Docker's id of the server's container. Another one means that everything is looked at again. */
  containerId: pulumi.Input<string>;
}

export interface PostgresRolesArgs extends InContainerArgs {
  /** Name of the server's container, whose own socket is used. */
  container: pulumi.Input<string>;
  /** Name of the database; made, owned by `trading_owner`, if it is missing. */
  database: pulumi.Input<string>;
  /** Passwords of `trading_migrator`, `trading_user` and so on, in printable ASCII. Kept as secrets. */
  passwords: {
    migrator: pulumi.Input<string>;
    user: pulumi.Input<string>;
    readonly: pulumi.Input<string>;
    replicator: pulumi.Input<string>;
  };
}

/** Waits until PostgreSQL is ready, then sees to its roles, the database and who may connect to it. */
export class PostgresRoles extends DynamicResource {
  /** What the last run changed, in words. */
  declare readonly changes: pulumi.Output<string[]>;

  constructor(name: string, args: PostgresRolesArgs, opts?: pulumi.CustomResourceOptions) {
    const { migrator, user, readonly, replicator } = args.passwords;
    const passwords = {
      migrator: pulumi.secret(migrator),
      user: pulumi.secret(user),
      readonly: pulumi.secret(readonly),
      replicator: pulumi.secret(replicator),
    };
    super("PostgresRoles", name, { changes: undefined, ...args, passwords }, opts);
  }
}

export interface MongoUsersArgs extends InContainerArgs {
  /** As the root user. */
  connection: ConnectionArgs;
  /** Name of the server's container. */
  container: pulumi.Input<string>;
  /** Address by which members and services find this server, such as `mongodb:27017`. Used once, when the set is made. */
  replicaSetMember: pulumi.Input<string>;
  /** A user that may read and write one database. @default none; one that was made before stays. */
  serviceUser?: {
    user: pulumi.Input<string>;
    /** Kept as a secret. */
    password: pulumi.Input<string>;
    database: pulumi.Input<string>;
  };
  /** A user that may read and copy everything. @default none; one that was made before stays. */
  backupUser?: {
    user: pulumi.Input<string>;
    /** Kept as a secret. */
    password: pulumi.Input<string>;
  };
}

/** Waits until MongoDB is ready, then sees to the replica set `rs0`, its default write concern, the service user, and root's new password. */
export class MongoUsers extends DynamicResource {
  /** What the last run changed, in words. */
  declare readonly changes: pulumi.Output<string[]>;

  constructor(name: string, args: MongoUsersArgs, opts?: pulumi.CustomResourceOptions) {
    const connection = guarded(args.connection);
    const serviceUser = args.serviceUser && guarded(args.serviceUser);
    const backupUser = args.backupUser && guarded(args.backupUser);
    const props = { changes: undefined, ...args, connection, serviceUser, backupUser };
    super("MongoUsers", name, props, opts);
  }
}

export interface MigrationsArgs extends InContainerArgs {
  /** As the user that migrates. */
  connection: ConnectionArgs;
  /** Folder of the migrations, relative to the project folder. */
  directory: pulumi.Input<string>;
  /** What `listMigrations` found there: so a preview names each file that will be applied. */
  migrations: pulumi.Input<FileRef[]>;
}

/** The migrations of PostgreSQL, applied in order, each once. */
export class PostgresMigrations extends DynamicResource {
  /** Name of the last migration applied. */
  declare readonly version: pulumi.Output<string>;
  /** All migrations applied, in order. */
  declare readonly applied: pulumi.Output<string[]>;

  constructor(name: string, args: MigrationsArgs, opts?: pulumi.CustomResourceOptions) {
    const props = { version: undefined, applied: undefined, ...args, connection: guarded(args.connection) };
    super("PostgresMigrations", name, props, opts);
  }
}

/** The migrations of MongoDB, applied in order, each once. */
export class MongoMigrations extends DynamicResource {
  /** Name of the last migration applied. */
  declare readonly version: pulumi.Output<string>;
  /** All migrations applied, in order. */
  declare readonly applied: pulumi.Output<string[]>;

  constructor(name: string, args: MigrationsArgs, opts?: pulumi.CustomResourceOptions) {
    const props = { version: undefined, applied: undefined, ...args, connection: guarded(args.connection) };
    super("MongoMigrations", name, props, opts);
  }
}

export interface SeedsArgs extends InContainerArgs {
  /** As the user that migrates. */
  connection: ConnectionArgs;
  /** Folder of the seed sets, relative to the project folder. */
  directory: pulumi.Input<string>;
  /** What `listSeeds` found there: so a preview names each file that will be inserted. */
  seeds: pulumi.Input<FileRef[]>;
}

/** The first data of PostgreSQL, inserted once; what users changed or deleted since stays so. */
export class PostgresSeeds extends DynamicResource {
  /** The seeds that are in, as SET/NAME. */
  declare readonly seeded: pulumi.Output<string[]>;
  /** Those whose file was edited since. Their data are as they were. */
  declare readonly changed: pulumi.Output<string[]>;

  constructor(name: string, args: SeedsArgs, opts?: pulumi.CustomResourceOptions) {
    const props = { seeded: undefined, changed: undefined, ...args, connection: guarded(args.connection) };
    super("PostgresSeeds", name, props, opts);
  }
}

/** The first data of MongoDB, inserted once; what users changed or deleted since stays so. */
export class MongoSeeds extends DynamicResource {
  /** The seeds that are in, as SET/NAME. */
  declare readonly seeded: pulumi.Output<string[]>;
  /** Those whose file was edited since. Their data are as they were. */
  declare readonly changed: pulumi.Output<string[]>;

  constructor(name: string, args: SeedsArgs, opts?: pulumi.CustomResourceOptions) {
    const props = { seeded: undefined, changed: undefined, ...args, connection: guarded(args.connection) };
    super("MongoSeeds", name, props, opts);
  }
}

function guarded<T extends { password: pulumi.Input<string> }>(args: T): T {
  return { ...args, password: pulumi.secret(args.password) };
}
