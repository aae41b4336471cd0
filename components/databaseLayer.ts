import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { StackOutputs } from "../outputs.ts";
import type { Settings } from "../settings.ts";
import { Backups } from "./backups.ts";
import { Credentials } from "./credentials.ts";
import { dataVolume } from "./dataVolume.ts";
import type { Owner, ServiceArgs } from "./hardening.ts";
import { Mongodb } from "./mongodb.ts";
import { MongodbSchema } from "./mongodbSchema.ts";
import { MONGO_EXPRESS_USER, MongoExpress } from "./mongoExpress.ts";
import { Networks } from "./networks.ts";
import { PGADMIN_EMAIL, PgAdmin } from "./pgAdmin.ts";
import { Postgres } from "./postgres.ts";
import { PostgresSchema } from "./postgresSchema.ts";

const RESULTS = "trading_results";
const CONFIGS = "trading_configs";
const REPLICA_SET = "rs0";
const BACKUP_USER = "trading_backup";

/** The outputs as the program knows them: each value now or later. */
type Pending<T> = { [Key in keyof T]: pulumi.Input<T[Key]> | Pending<T[Key]> };

/** The whole layer: two servers, what stands in them, and, when asked for, the tools to look at them. */
export class DatabaseLayer extends pulumi.ComponentResource {
  declare readonly outputs: Pending<StackOutputs>;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:DatabaseLayer", name, {}, opts);
    const parent = { parent: this };
    const { volumes, ports, images, bindAddress, protect } = settings;

    const installation = new random.RandomId(`${name}-installation`, { byteLength: 8 }, parent).hex;
    const owner: Owner = { stack: settings.stack, installation };
    const credentials = new Credentials(`${name}-credentials`, settings, parent);
    const networks = new Networks(
      `${name}-networks`,
      {
        databaseNetwork: settings.networks.database,
        serviceNetwork: settings.networks.service,
        databaseSubnet: settings.subnets.database,
        serviceSubnet: settings.subnets.service,
        owner,
      },
      parent,
    );

    const service = (key: keyof Settings["images"]): ServiceArgs => ({
      container: settings.containers[key],
      configVolume: volumes[`${key}Config`],
      image: images[key],
      networks,
      bindAddress,
      port: ports[key],
      owner,
    });

    const postgres = new Postgres(
      `${name}-postgres`,
      {
        ...service("postgres"),
        dataVolume: volumes.postgresData,
        memory: settings.memory.postgres,
        protect,
      },
      parent,
    );
    const mongodb = new Mongodb(
      `${name}-mongodb`,
      {
        ...service("mongodb"),
        dataVolume: volumes.mongodbData,
        tmpVolume: volumes.mongodbTmp,
        memory: settings.memory.mongodb,
        adminPassword: credentials.mongodbAdmin,
        keyFile: credentials.mongodbKeyFile,
        protect,
      },
      parent,
    );

    // Published on all addresses, a port is reached on loopback too.
    const host = bindAddress === "0.0.0.0" ? "127.0.0.1" : bindAddress;
    const results = new PostgresSchema(
      `${name}-postgres-schema`,
      {
        server: postgres,
        address: { host, port: ports.postgres },
        database: RESULTS,
        passwords: credentials.postgres,
        seedSets: settings.seedSets,
      },
      parent,
    );
    const serviceUser = settings.mongodbServiceUser;
    const servicePassword = credentials.mongodbService ?? credentials.mongodbAdmin;
    const configs = new MongodbSchema(
      `${name}-mongodb-schema`,
      {
        server: mongodb,
        address: { host, port: ports.mongodb },
        database: CONFIGS,
        adminPassword: credentials.mongodbAdmin,
        backupUser: credentials.mongodbBackup && { user: BACKUP_USER, password: credentials.mongodbBackup },
        serviceUser: serviceUser === undefined ? undefined : { user: serviceUser, password: servicePassword },
        seedSets: settings.seedSets,
      },
      parent,
    );
    // Declared in every stack, because to take away the declaration of a volume is to delete it.
    const pgadminData = dataVolume(`${name}-pgadmin-data`, volumes.pgadminData, protect, this);
    const tools = settings.adminTools && {
      pgadmin: new PgAdmin(
        `${name}-pgadmin`,
        {
          ...service("pgadmin"),
          dataVolume: pgadminData.name,
          password: credentials.pgadmin,
          database: RESULTS,
          role: "trading_user",
          rolePassword: credentials.postgres.trading_user,
        },
        parent,
      ),
      mongoExpress: new MongoExpress(
        `${name}-mongo-express`,
        {
          ...service("mongoExpress"),
          password: credentials.mongoExpress,
          mongodbUser: "admin",
          mongodbPassword: credentials.mongodbAdmin,
          mongodbSchema: configs,
        },
        parent,
      ),
    };

    const backups =
      settings.backups &&
      new Backups(
        `${name}-backups`,
        {
          container: settings.containers.backup,
          configVolume: volumes.backupConfig,
          scratchVolume: volumes.backupScratch,
          image: settings.backupImage,
          networks,
          owner,
          settings: settings.backups,
          key: settings.backupKey,
          databases: { results: RESULTS, configs: CONFIGS },
          postgresPassword: credentials.postgres.trading_replicator,
          mongodbUser: BACKUP_USER,
          mongodbPassword: credentials.mongodbBackup!,
        },
        // It logs in as users that are made there.
        { ...parent, dependsOn: [results, configs] },
      );

    // What nothing depends on goes first when a stack is destroyed. A protected one refuses here, with all still in place.
    const rest = [
      credentials,
      networks,
      postgres,
      mongodb,
      results,
      configs,
      pgadminData,
      ...Object.values(tools || {}),
      ...(backups ? [backups] : []),
    ];
    new random.RandomId(`${name}-guard`, { byteLength: 1 }, { ...parent, protect, dependsOn: rest });

    const webHost = host === "127.0.0.1" ? "localhost" : host;
    this.outputs = {
      postgres: {
        container: postgres.container,
        image: images.postgres,
        dataVolume: volumes.postgresData,
        fromHost: { host, port: ports.postgres },
        fromNetwork: { host: "postgres", port: 5432 },
        database: RESULTS,
        user: "trading_user",
        password: credentials.postgres.trading_user,
        passwords: credentials.postgres,
        schemaVersion: results.version,
        seeds: results.seeds,
      },
      mongodb: {
        container: mongodb.container,
        image: images.mongodb,
        dataVolume: volumes.mongodbData,
        fromHost: { host, port: ports.mongodb },
        fromNetwork: { host: "mongodb", port: 27017 },
        database: CONFIGS,
        user: serviceUser ?? "admin",
        password: servicePassword,
        adminPassword: credentials.mongodbAdmin,
        replicaSet: REPLICA_SET,
        schemaVersion: configs.version,
        seeds: configs.seeds,
      },
      environment: {
        POSTGRES_HOST: "postgres",
        POSTGRES_PORT: "5432",
        POSTGRES_DB: RESULTS,
        POSTGRES_USER: "trading_user",
        POSTGRES_PASSWORD: credentials.postgres.trading_user,
        MONGODB_HOST: "mongodb",
        MONGODB_PORT: "27017",
        MONGODB_USERNAME: serviceUser ?? "admin",
        MONGODB_PASSWORD: servicePassword,
        MONGODB_DATABASE: CONFIGS,
      },
      networks: { database: networks.database, service: networks.service },
      adminTools: tools
        ? {
            pgadmin: {
              url: `http://${webHost}:${ports.pgadmin}`,
              user: PGADMIN_EMAIL,
              password: credentials.pgadmin,
              container: tools.pgadmin.container,
            },
            mongoExpress: {
              url: `http://${webHost}:${ports.mongoExpress}`,
              user: MONGO_EXPRESS_USER,
              password: credentials.mongoExpress,
              container: tools.mongoExpress.container,
            },
          }
        : null,
      backups:
        backups && settings.backups
          ? {
              container: backups.container,
              place: settings.backups.place,
              schedule: settings.backups.schedule,
              mongodbUser: BACKUP_USER,
              mongodbPassword: credentials.mongodbBackup!,
            }
          : null,
      backupKey: settings.backupKey === undefined ? null : pulumi.secret(settings.backupKey),
      installation,
    };
    this.registerOutputs(this.outputs);
  }
}
