import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { writerOf } from "../naming.ts";
import { ConfigVolume } from "./configVolume.ts";
import { hardened, memoryLimit, replaceInPlace, type ServiceArgs } from "./hardening.ts";

/** User `node` in the official image and in ours. */
const UID = 1000;

/** Who logs in to Mongo Express. */
export const MONGO_EXPRESS_USER = "admin";

export interface MongoExpressArgs extends ServiceArgs {
  /** Password that Mongo Express asks for. */
  password: pulumi.Input<string>;
  /** MongoDB's root user and its password. */
  mongodbUser: string;
  mongodbPassword: pulumi.Input<string>;
  /** What gives MongoDB's root user that password: Mongo Express logs in when it starts. */
  mongodbSchema: pulumi.Resource;
}

/** Mongo Express, on the database network alone. */
export class MongoExpress extends pulumi.ComponentResource {
  /** Name of the container, known once it runs. */
  declare readonly container: pulumi.Output<string>;

  constructor(name: string, args: MongoExpressArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:MongoExpress", name, {}, opts);

    const config = new ConfigVolume(
      `${name}-config`,
      {
        volume: args.configVolume,
        path: "/config",
        container: writerOf(args.container),
        image: args.image,
        uid: UID,
        files: { password: args.password, "mongodb-password": args.mongodbPassword },
        data: {},
        owner: args.owner,
      },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...hardened(args, UID, config.digest),
        ...memoryLimit(256),
        envs: [
          "ME_CONFIG_MONGODB_SERVER=mongodb",
          "ME_CONFIG_MONGODB_PORT=27017",
          "ME_CONFIG_MONGODB_ENABLE_ADMIN=true",
          `ME_CONFIG_MONGODB_ADMINUSERNAME=${args.mongodbUser}`,
          "ME_CONFIG_MONGODB_ADMINPASSWORD_FILE=/config/mongodb-password",
          // Off unless asked for.
          "ME_CONFIG_BASICAUTH=true",
          `ME_CONFIG_BASICAUTH_USERNAME=${MONGO_EXPRESS_USER}`,
          "ME_CONFIG_BASICAUTH_PASSWORD_FILE=/config/password",
        ],
        tmpfs: { "/tmp": "rw,noexec,nosuid,size=64m" },
        ports: [{ internal: 8081, external: args.port, ip: args.bindAddress, protocol: "tcp" }],
        networksAdvanced: [{ name: args.networks.database, aliases: ["mongo-express"] }],
        volumes: [{ volumeName: config.volume, containerPath: "/config", readOnly: true }],
        healthcheck: {
          tests: ["CMD", "node", "-e", PING],
          interval: "10s",
          timeout: "10s",
          retries: 6,
          startPeriod: "1m0s",
        },
        stopSignal: "SIGTERM",
      },
      { parent: this, dependsOn: [config.written, args.mongodbSchema], ...replaceInPlace },
    );

    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}

/** Its own page for health checks, which asks for no password. */
const PING = `require("http").get("http://127.0.0.1:8081/status", (reply) => process.exit(reply.statusCode === 200 ? 0 : 1))`;
