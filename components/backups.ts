import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { writerOf } from "../naming.ts";
import type { BackupSettings } from "../settings.ts";
import { ConfigVolume } from "./configVolume.ts";
import { hardened, memoryLimit, replaceInPlace, type ServiceArgs } from "./hardening.ts";

/** The image declares a volume here; one that isn't mounted by name would be left behind without one. */
const SCRATCH = "/var/lib/postgresql/data";

export interface BackupsArgs extends Pick<ServiceArgs, "container" | "configVolume" | "networks" | "owner"> {
  image: string;
  settings: BackupSettings;
  /** Identity of age that backups are encrypted for; undefined does not encrypt. Secret. */
  key: string | undefined;
  /** Databases that are backed up, by their names. */
  databases: { results: string; configs: string };
  /** Password of PostgreSQL's trading_replicator. */
  postgresPassword: pulumi.Input<string>;
  /** User of MongoDB that may copy everything. */
  mongodbUser: string;
  mongodbPassword: pulumi.Input<string>;
  /** Name of the volume in which proofs bring servers up. */
  scratchVolume: string;
}

/**
 * A container that streams both servers' logs into a folder of this host, and takes and proves backups there by a
 * schedule. It logs in over the network as a backup does; it has no data volume, and nothing of Docker.
 */
export class Backups extends pulumi.ComponentResource {
  /** Name of the container, known once it runs. */
  declare readonly container: pulumi.Output<string>;

  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:Backups", name, {}, opts);
    const { schedule, place, retention } = args.settings;
    const folder = `${place}/${args.owner.stack}`;
    // What it writes belongs to who reads it; servers in scratches refuse to run as root.
    const uid = process.getuid?.() || 999;

    const scratch = new docker.Volume(`${name}-scratch`, { name: args.scratchVolume }, { parent: this });
    const config = new ConfigVolume(
      `${name}-config`,
      {
        volume: args.configVolume,
        path: "/config",
        container: writerOf(args.container),
        image: args.image,
        uid,
        files: {
          pgpass: pulumi.interpolate`postgres:5432:*:trading_replicator:${args.postgresPassword}`,
          "mongodb-password": args.mongodbPassword,
          ...(args.key !== undefined && { key: pulumi.secret(args.key) }),
        },
        data: { [SCRATCH]: scratch.name, "/backups": folder },
        owner: args.owner,
      },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...hardened(args, uid, config.digest),
        ...memoryLimit(1024),
        // Servers of proofs outlive the tool that started them, and become children of the first process.
        init: true,
        envs: [
          "HOME=/tmp",
          "PGHOST=postgres",
          "PGUSER=trading_replicator",
          "PGPASSFILE=/config/pgpass",
          `RESULTS=${args.databases.results}`,
          `CONFIGS=${args.databases.configs}`,
          `MONGODB_USER=${args.mongodbUser}`,
          `STACK=${args.owner.stack}`,
          pulumi.interpolate`INSTALLATION=${args.owner.installation}`,
          `SCHEDULE=${schedule}`,
          `KEEP_COUNT=${retention.count}`,
          `KEEP_DAYS=${retention.days}`,
        ],
        tmpfs: { "/tmp": "rw,noexec,nosuid,size=64m" },
        networksAdvanced: [{ name: args.networks.database, aliases: ["backup"] }],
        volumes: [
          { volumeName: scratch.name, containerPath: SCRATCH },
          { hostPath: folder, containerPath: "/backups" },
          { volumeName: config.volume, containerPath: "/config", readOnly: true },
        ],
        healthcheck: {
          // It is written anew every few seconds; whoever hangs does not.
          tests: ["CMD-SHELL", '[ -n "$(find /tmp/healthy -mmin -2)" ]'],
          interval: "10s",
          timeout: "5s",
          retries: 3,
          // The first backup may take its time.
          startPeriod: "1m0s",
        },
        stopSignal: "SIGTERM",
      },
      { parent: this, dependsOn: config.written, ...replaceInPlace },
    );

    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}
