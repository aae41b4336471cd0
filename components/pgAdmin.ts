import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { writerOf } from "../naming.ts";
import { ConfigVolume } from "./configVolume.ts";
import { hardened, memoryLimit, replaceInPlace, type ServiceArgs } from "./hardening.ts";

/** User and group of PgAdmin in the official image and in ours. */
const UID = 5050;

/** The first user. A mail address because PgAdmin wants one; nothing is ever sent there. */
export const PGADMIN_EMAIL = "admin@trading.local";

export interface PgAdminArgs extends ServiceArgs {
  /** Name of the volume for what PgAdmin's users keep in it. */
  dataVolume: pulumi.Input<string>;
  /** Password of the first user, at each start. */
  password: pulumi.Input<string>;
  /** Database and role that stand in the list of servers, and the role's password, which nobody has to type. */
  database: string;
  role: string;
  rolePassword: pulumi.Input<string>;
}

/** PgAdmin, on the database network alone. */
export class PgAdmin extends pulumi.ComponentResource {
  /** Name of the container, known once it runs. */
  declare readonly container: pulumi.Output<string>;

  constructor(name: string, args: PgAdminArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:PgAdmin", name, {}, opts);

    const config = new ConfigVolume(
      `${name}-config`,
      {
        volume: args.configVolume,
        path: "/config",
        container: writerOf(args.container),
        image: args.image,
        uid: UID,
        files: {
          "start.sh": readFileSync("components/files/pgadmin-start.sh", "utf8"),
          password: args.password,
          "servers.json": serverList(args.database, args.role),
        },
        // libpq reads it at each connection.
        liveFiles: { "pg_service.conf": pulumi.interpolate`[${args.database}]\npassword=${args.rolePassword}\n` },
        data: { "/var/lib/pgadmin": args.dataVolume },
        owner: args.owner,
      },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...hardened(args, UID, config.digest),
        ...memoryLimit(512),
        // The official image writes its configuration into its root.
        readOnly: false,
        // The official image's Python carries this capability in its file and can't start where it is out of bounds.
        capabilities: { drops: ["ALL"], adds: ["CAP_NET_BIND_SERVICE"] },
        entrypoints: ["/bin/sh", "/config/start.sh"],
        envs: [
          `PGADMIN_DEFAULT_EMAIL=${PGADMIN_EMAIL}`,
          "PGADMIN_DEFAULT_PASSWORD_FILE=/config/password",
          "PGADMIN_SERVER_JSON_FILE=/config/servers.json",
          // So that PgAdmin keeps no copy of the role's password.
          "PGSERVICEFILE=/config/pg_service.conf",
          // Without these two PgAdmin refuses an address whose domain doesn't exist.
          "PGADMIN_CONFIG_ALLOW_SPECIAL_EMAIL_DOMAINS=['local']",
          "PGADMIN_CONFIG_CHECK_EMAIL_DELIVERABILITY=False",
          "PGADMIN_DISABLE_POSTFIX=1",
          // Three wrong passwords would lock the only user for ever: nobody is there to unlock. It has 32 random characters.
          "PGADMIN_CONFIG_MAX_LOGIN_ATTEMPTS=0",
          // A picture of the user, from a site in the internet that would be told a hash of the address.
          "PGADMIN_CONFIG_SHOW_GRAVATAR_IMAGE=False",
          // Without capabilities the official image would choose another.
          "PGADMIN_LISTEN_PORT=80",
        ],
        tmpfs: { "/tmp": "rw,noexec,nosuid,size=64m" },
        ports: [{ internal: 80, external: args.port, ip: args.bindAddress, protocol: "tcp" }],
        networksAdvanced: [{ name: args.networks.database, aliases: ["pgadmin"] }],
        volumes: [
          { volumeName: args.dataVolume, containerPath: "/var/lib/pgadmin" },
          { volumeName: config.volume, containerPath: "/config", readOnly: true },
        ],
        healthcheck: {
          tests: ["CMD-SHELL", `python3 -c '${PING}' || /venv/bin/python3 -c '${PING}'`],
          interval: "10s",
          timeout: "10s",
          retries: 6,
          startPeriod: "2m0s",
        },
        stopSignal: "SIGTERM",
      },
      { parent: this, dependsOn: config.written, ...replaceInPlace },
    );

    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}

/** PgAdmin's own page for health checks. */
const PING = `import urllib.request; urllib.request.urlopen("http://127.0.0.1/misc/ping", timeout=5)`;

function serverList(database: string, role: string): string {
  const server = {
    Name: database,
    Group: "Servers",
    Host: "postgres",
    Port: 5432,
    MaintenanceDB: database,
    Username: role,
    Service: database,
    SSLMode: "prefer",
  };
  return JSON.stringify({ Servers: { 1: server } });
}
