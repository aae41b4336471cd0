import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { writerOf } from "../naming.ts";
import { ConfigVolume } from "./configVolume.ts";
import { dataVolume } from "./dataVolume.ts";
import { hardened, memoryLimit, replaceInPlace, type ServiceArgs } from "./hardening.ts";

/** User and group of the server in the official image and in ours. */
const UID = 999;

export interface PostgresArgs extends ServiceArgs {
  /** Name of the data volume. Its folder `current` is the data directory. */
  dataVolume: string;
  /** Memory limit in MiB; a quarter of it becomes shared_buffers. */
  memory: number;
  /** Whether the data volume refuses to be deleted. */
  protect: boolean;
}

/** The PostgreSQL server. Who may log in and what stands in it is the business of the schema resources. */
export class Postgres extends pulumi.ComponentResource {
  /** Name of the container, known once it runs. */
  declare readonly container: pulumi.Output<string>;
  /** Docker's id of the container; changes whenever the container is made anew. */
  declare readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:Postgres", name, {}, opts);

    const data = dataVolume(`${name}-data`, args.dataVolume, args.protect, this);
    const config = new ConfigVolume(
      `${name}-config`,
      {
        volume: args.configVolume,
        path: "/config",
        container: writerOf(args.container),
        image: args.image,
        uid: UID,
        files: {
          "start.sh": readFileSync("components/files/postgres-start.sh", "utf8"),
          "pg_hba.conf": readFileSync("components/files/pg_hba.conf", "utf8"),
        },
        data: { "/var/lib/postgresql/data": data.name },
        owner: args.owner,
      },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...hardened(args, UID, config.digest),
        ...memoryLimit(args.memory),
        entrypoints: ["/bin/bash", "/config/start.sh"],
        command: serverSettings(args.memory).flatMap((setting) => ["-c", setting]),
        envs: [
          "PGDATA=/var/lib/postgresql/data/current",
          `DATA_VOLUME=${args.dataVolume}`,
          pulumi.interpolate`IMAGE=${args.image}`,
        ],
        tmpfs: { "/tmp": "rw,noexec,nosuid,size=64m", "/var/run/postgresql": "rw,nosuid,size=1m,mode=3777" },
        // PostgreSQL keeps what parallel workers share in /dev/shm.
        shmSize: Math.max(64, args.memory / 4),
        ports: [{ internal: 5432, external: args.port, ip: args.bindAddress, protocol: "tcp" }],
        networksAdvanced: [
          { name: args.networks.database, aliases: ["postgres"] },
          { name: args.networks.service, aliases: ["postgres"] },
        ],
        volumes: [
          { volumeName: data.name, containerPath: "/var/lib/postgresql/data" },
          { volumeName: config.volume, containerPath: "/config", readOnly: true },
        ],
        healthcheck: {
          tests: ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1", "--username=trading_user"],
          interval: "5s",
          timeout: "5s",
          retries: 6,
          startPeriod: "1m0s",
        },
        // SIGINT is PostgreSQL's fast shutdown: sessions end, data are flushed.
        stopSignal: "SIGINT",
      },
      { parent: this, dependsOn: config.written, ...replaceInPlace },
    );

    this.container = container.name;
    this.containerId = container.id;
    this.registerOutputs({ container: this.container, containerId: this.containerId });
  }
}

/** Settings of postgresql.conf, in the form name=value. */
function serverSettings(memory: number): string[] {
  return [
    `shared_buffers=${Math.floor(memory / 4)}MB`,
    `effective_cache_size=${Math.floor((memory * 3) / 4)}MB`,
    "shared_preload_libraries=pg_stat_statements",
    // Backups and replicas to come stream from here.
    "wal_level=replica",
    "max_wal_senders=10",
    "max_replication_slots=10",
    "max_slot_wal_keep_size=4GB",
    // Results are loaded in bulk: fewer, longer checkpoints.
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "wal_compression=lz4",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_line_prefix=%m [%p] %u@%d %a ",
    "log_lock_waits=on",
    "log_min_duration_statement=1s",
    // A statement that fails is logged with its text; bound values stay out of it.
    "log_parameter_max_length_on_error=0",
  ];
}
