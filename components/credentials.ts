import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

export interface CredentialsArgs {
  /** Whether a container takes backups, and logs in to MongoDB for it. */
  backups?: object | undefined;
  /** A MongoDB user for services; undefined makes no password for one. */
  mongodbServiceUser?: string | undefined;
}

/** PostgreSQL roles that log in with a password. The bootstrap superuser has none: it is reached by the socket alone. */
export type PostgresRole = "trading_migrator" | "trading_user" | "trading_readonly" | "trading_replicator";

const POSTGRES_ROLES: readonly PostgresRole[] = [
  "trading_migrator",
  "trading_user",
  "trading_readonly",
  "trading_replicator",
];

/** Every secret of a stack, generated once and kept encrypted in its state. */
export class Credentials extends pulumi.ComponentResource {
  /** Password of each PostgreSQL role. */
  declare readonly postgres: Record<PostgresRole, pulumi.Output<string>>;
  /** Password of MongoDB's root user `admin`. */
  declare readonly mongodbAdmin: pulumi.Output<string>;
  /** Password of the MongoDB user for services, where the stack names one. */
  declare readonly mongodbService: pulumi.Output<string> | undefined;
  /** Password of the MongoDB user that copies everything, where the stack has backups. */
  declare readonly mongodbBackup: pulumi.Output<string> | undefined;
  /** What the members of the replica set know each other by. */
  declare readonly mongodbKeyFile: pulumi.Output<string>;
  /** Password of PgAdmin's first user. */
  declare readonly pgadmin: pulumi.Output<string>;
  /** Password of Mongo Express. */
  declare readonly mongoExpress: pulumi.Output<string>;

  constructor(name: string, args: CredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:Credentials", name, args, opts);

    // Letters and digits only: a password may stand in a URL, a shell line or a file without being escaped.
    const generate = (suffix: string, length = 32) =>
      pulumi.secret(
        new random.RandomPassword(`${name}-${suffix}`, { length, special: false }, { parent: this }).result,
      );

    this.postgres = Object.fromEntries(POSTGRES_ROLES.map((role) => [role, generate(role)])) as typeof this.postgres;
    this.mongodbAdmin = generate("mongodb-admin");
    this.mongodbService = args.mongodbServiceUser === undefined ? undefined : generate("mongodb-service");
    this.mongodbBackup = args.backups === undefined ? undefined : generate("mongodb-backup");
    // MongoDB takes 6 to 1024 characters of the base64 alphabet.
    this.mongodbKeyFile = generate("mongodb-keyfile", 512);
    this.pgadmin = generate("pgadmin");
    this.mongoExpress = generate("mongo-express");

    this.registerOutputs({
      postgres: this.postgres,
      mongodbAdmin: this.mongodbAdmin,
      mongodbService: this.mongodbService,
      mongodbBackup: this.mongodbBackup,
      mongodbKeyFile: this.mongodbKeyFile,
      pgadmin: this.pgadmin,
      mongoExpress: this.mongoExpress,
    });
  }
}
