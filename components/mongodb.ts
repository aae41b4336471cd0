import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { writerOf } from "../naming.ts";
import { ConfigVolume } from "./configVolume.ts";
import { dataVolume } from "./dataVolume.ts";
import { hardened, memoryLimit, replaceInPlace, type ServiceArgs } from "./hardening.ts";

/** User and group of the server in the official image and in ours. */
const UID = 999;

/** The image declares a volume here; one that isn't mounted by name would be left behind without one. */
const CONFIG = "/data/configdb";

export interface MongodbArgs extends ServiceArgs {
  /** Name of the data volume. Its folder `current` is the data directory. */
  dataVolume: string;
  /** Name of the volume behind /tmp: `docker cp` can fetch a dump from a volume, and not from a tmpfs. */
  tmpVolume: string;
  /** Memory limit in MiB; half of it becomes WiredTiger's cache. */
  memory: number;
  /** Password of the root user `admin`: the server gives it to him on an empty volume, the schema resources later on. */
  adminPassword: pulumi.Input<string>;
  /** What the members of the replica set know each other by. */
  keyFile: pulumi.Input<string>;
  /** Whether the data volume refuses to be deleted. */
  protect: boolean;
}

/** The MongoDB server, a member of the replica set `rs0`. The set is initiated by the schema resources. */
export class Mongodb extends pulumi.ComponentResource {
  /** Name of the container, known once it runs. */
  declare readonly container: pulumi.Output<string>;
  /** Docker's id of the container; changes whenever the container is made anew. */
  declare readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: MongodbArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:Mongodb", name, {}, opts);

    const data = dataVolume(`${name}-data`, args.dataVolume, args.protect, this);
    const tmp = new docker.Volume(`${name}-tmp`, { name: args.tmpVolume }, { parent: this });
    const config = new ConfigVolume(
      `${name}-config`,
      {
        volume: args.configVolume,
        path: CONFIG,
        container: writerOf(args.container),
        image: args.image,
        uid: UID,
        files: {
          "start.sh": readFileSync("components/files/mongodb-start.sh", "utf8"),
          "health.sh": readFileSync("components/files/mongodb-health.sh", "utf8"),
          keyfile: args.keyFile,
        },
        // The first start reads it, then each shell that an operator opens.
        liveFiles: { "admin-password": args.adminPassword },
        data: { "/data/db": data.name, "/tmp": tmp.name },
        owner: args.owner,
      },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...hardened(args, UID, config.digest),
        ...memoryLimit(args.memory),
        entrypoints: ["/bin/bash", `${CONFIG}/start.sh`],
        // MongoDB takes no cache below 0.25 GB.
        command: ["--wiredTigerCacheSizeGB", String(Math.max(0.25, args.memory / 2048))],
        envs: [`DATA_VOLUME=${args.dataVolume}`, pulumi.interpolate`IMAGE=${args.image}`],
        ports: [{ internal: 27017, external: args.port, ip: args.bindAddress, protocol: "tcp" }],
        networksAdvanced: [
          { name: args.networks.database, aliases: ["mongodb"] },
          { name: args.networks.service, aliases: ["mongodb"] },
        ],
        volumes: [
          { volumeName: data.name, containerPath: "/data/db" },
          { volumeName: tmp.name, containerPath: "/tmp" },
          { volumeName: config.volume, containerPath: CONFIG, readOnly: true },
        ],
        healthcheck: {
          tests: ["CMD", "/bin/bash", `${CONFIG}/health.sh`],
          interval: "5s",
          timeout: "5s",
          retries: 6,
          startPeriod: "1m0s",
        },
        stopSignal: "SIGTERM",
      },
      { parent: this, dependsOn: config.written, ...replaceInPlace },
    );

    this.container = container.name;
    this.containerId = container.id;
    this.registerOutputs({ container: this.container, containerId: this.containerId });
  }
}
