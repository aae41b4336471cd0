/**
 * What a stack tells the world: the contract that trading services, operations and scripts read with
 * `pulumi stack output --json --show-secrets`. Fields marked secret are encrypted in the stack's state.
 */
export interface StackOutputs {
  postgres: PostgresOutputs;
  mongodb: MongodbOutputs;
  /** What a trading service needs in its environment when it runs on `networks.service`. Two values are secret. */
  environment: ServiceEnvironment;
  networks: {
    /** Databases and admin tools. It has no way out. */
    database: string;
    /** Trading services; both databases are reachable here as `postgres` and `mongodb`. */
    service: string;
  };
  /** Present where the stack runs them. */
  adminTools: { pgadmin: AdminTool; mongoExpress: AdminTool } | null;
  /** Present where the stack takes backups by a schedule. */
  backups: BackupOutputs | null;
  /** Identity of age that backups are encrypted for, by a schedule or by hand; null does not encrypt. Secret. */
  backupKey: string | null;
  /** Identity of this stack's state, also a label of its containers: `trading-db.installation`. */
  installation: string;
}

/** One database, as the user that services log in as. */
export interface DatabaseConnection {
  /** Reached from the Docker host. */
  fromHost: Address;
  /** Reached from a container on the service network. */
  fromNetwork: Address;
  database: string;
  user: string;
  /** Secret. */
  password: string;
}

export interface Address {
  host: string;
  /** TCP port. */
  port: number;
}

export interface PostgresOutputs extends DatabaseConnection {
  container: string;
  image: string;
  dataVolume: string;
  /** Name of the last migration that was applied. */
  schemaVersion: string;
  /** Seeds that were inserted, as SET/NAME. */
  seeds: string[];
  /** Password of each role that logs in. Secret. */
  passwords: Record<"trading_migrator" | "trading_user" | "trading_readonly" | "trading_replicator", string>;
}

export interface MongodbOutputs extends DatabaseConnection {
  container: string;
  image: string;
  dataVolume: string;
  /** Name of the replica set. From the host, connect with `directConnection=true`. */
  replicaSet: string;
  /** Name of the last migration that was applied. */
  schemaVersion: string;
  /** Seeds that were inserted, as SET/NAME. */
  seeds: string[];
  /** Password of the root user `admin`. Secret. */
  adminPassword: string;
}

/** The variables by which trading services find the databases. */
export interface ServiceEnvironment {
  POSTGRES_HOST: string;
  POSTGRES_PORT: string;
  POSTGRES_DB: string;
  POSTGRES_USER: string;
  /** Secret. */
  POSTGRES_PASSWORD: string;
  MONGODB_HOST: string;
  MONGODB_PORT: string;
  MONGODB_USERNAME: string;
  /** Secret. */
  MONGODB_PASSWORD: string;
  MONGODB_DATABASE: string;
}

/** The container that streams both servers' logs and takes backups. */
export interface BackupOutputs {
  container: string;
  /** Folder of this host that has a folder for each stack's backups. */
  place: string;
  /** When a backup begins: a cron expression, in UTC. */
  schedule: string;
  /** Its user in MongoDB. In PostgreSQL it is trading_replicator. */
  mongodbUser: string;
  /** Secret. */
  mongodbPassword: string;
}

export interface AdminTool {
  url: string;
  user: string;
  /** Secret. */
  password: string;
  container: string;
}
