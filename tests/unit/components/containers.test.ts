import { beforeEach, expect, test } from "@jest/globals";
import { DatabaseLayer } from "../../../components/databaseLayer.ts";
import { parseSettings } from "../../../settings.ts";
import { recordResources, settle, type Recorded } from "../../support/mocks.ts";

/* Everything that each service's container is given: nothing can be added or lost unseen. */

const CONFIG = {
  "trading-db:adminTools": "true",
  "trading-db:backups": '{"schedule":"0 3 * * *","place":"/srv/backups"}',
  "trading-db:backupKey": "AGE-SECRET-KEY-1ABC",
};

let recorded: Recorded[];

beforeEach(async () => {
  recorded = await recordResources();
  new DatabaseLayer("trading-db", parseSettings("dev", CONFIG, "local"));
  await settle();
});

const container = (name: string) => recorded.find(({ inputs }) => inputs["name"] === name)!.inputs;

const common = (name: string, image: string, uid: number, memory: number) => ({
  name,
  image: `localhost/trading-db/${image}`,
  user: `${uid}:${uid}`,
  memory,
  memorySwap: memory * 2,
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges"],
  restart: "unless-stopped",
  networkMode: "bridge",
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "3" },
  destroyGraceSeconds: 90,
  stopTimeout: 90,
  removeVolumes: false,
  wait: false,
  init: false,
  shmSize: 64,
  stopSignal: "SIGTERM",
  labels: [
    { label: "trading-db.stack", value: "dev" },
    { label: "trading-db.installation", value: "0123456789abcdef" },
    { label: "trading-db.config", value: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ],
});
const port = (internal: number, external = internal) => [{ internal, external, ip: "127.0.0.1", protocol: "tcp" }];
const onBoth = (alias: string) => ["trading-db-network", "trading-network"].map((name) => ({ name, aliases: [alias] }));
const onOne = (alias: string) => onBoth(alias).slice(0, 1);
const volume = (volumeName: string, containerPath: string) => ({ volumeName, containerPath });
const config = (volumeName: string, containerPath = "/config") => ({ volumeName, containerPath, readOnly: true });
const every = (time: string, startPeriod: string) => ({ interval: time, timeout: time, retries: 6, startPeriod });
const noexec = "rw,noexec,nosuid,size=64m";

test("PostgreSQL is given exactly this", () => {
  expect(container("trading-postgres")).toEqual({
    ...common("trading-postgres", "postgres:15", 999, 1024),
    shmSize: 256,
    stopSignal: "SIGINT",
    entrypoints: ["/bin/bash", "/config/start.sh"],
    command: [
      ...["-c", "shared_buffers=256MB", "-c", "effective_cache_size=768MB"],
      ...["-c", "shared_preload_libraries=pg_stat_statements"],
      ...["-c", "wal_level=replica", "-c", "max_wal_senders=10", "-c", "max_replication_slots=10"],
      ...["-c", "max_slot_wal_keep_size=4GB", "-c", "max_wal_size=4GB", "-c", "checkpoint_timeout=15min"],
      ...["-c", "wal_compression=lz4", "-c", "timezone=UTC", "-c", "log_timezone=UTC"],
      ...["-c", "log_line_prefix=%m [%p] %u@%d %a ", "-c", "log_lock_waits=on"],
      ...["-c", "log_min_duration_statement=1s", "-c", "log_parameter_max_length_on_error=0"],
    ],
    envs: [
      "PGDATA=/var/lib/postgresql/data/current",
      "DATA_VOLUME=trading_postgres_data",
      "IMAGE=localhost/trading-db/postgres:15",
    ],
    tmpfs: { "/tmp": noexec, "/var/run/postgresql": "rw,nosuid,size=1m,mode=3777" },
    ports: port(5432),
    networksAdvanced: onBoth("postgres"),
    volumes: [volume("trading_postgres_data", "/var/lib/postgresql/data"), config("trading_postgres_config")],
    healthcheck: {
      ...every("5s", "1m0s"),
      tests: ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1", "--username=trading_user"],
    },
  });
});

test("MongoDB is given exactly this", () => {
  expect(container("trading-mongodb")).toEqual({
    ...common("trading-mongodb", "mongo:6.0", 999, 1024),
    entrypoints: ["/bin/bash", "/data/configdb/start.sh"],
    command: ["--wiredTigerCacheSizeGB", "0.5"],
    envs: ["DATA_VOLUME=trading_mongodb_data", "IMAGE=localhost/trading-db/mongo:6.0"],
    ports: port(27017),
    networksAdvanced: onBoth("mongodb"),
    volumes: [
      volume("trading_mongodb_data", "/data/db"),
      volume("trading_mongodb_tmp", "/tmp"),
      config("trading_mongodb_config", "/data/configdb"),
    ],
    healthcheck: { ...every("5s", "1m0s"), tests: ["CMD", "/bin/bash", "/data/configdb/health.sh"] },
  });
});

test("PgAdmin is given exactly this: as the official image needs it, with a root to write and one capability", () => {
  const ping = `'import urllib.request; urllib.request.urlopen("http://127.0.0.1/misc/ping", timeout=5)'`;
  expect(container("trading-pgadmin")).toEqual({
    ...common("trading-pgadmin", "pgadmin4:9.18", 5050, 512),
    readOnly: false,
    capabilities: { drops: ["ALL"], adds: ["CAP_NET_BIND_SERVICE"] },
    entrypoints: ["/bin/sh", "/config/start.sh"],
    envs: [
      "PGADMIN_DEFAULT_EMAIL=admin@trading.local",
      "PGADMIN_DEFAULT_PASSWORD_FILE=/config/password",
      "PGADMIN_SERVER_JSON_FILE=/config/servers.json",
      "PGSERVICEFILE=/config/pg_service.conf",
      "PGADMIN_CONFIG_ALLOW_SPECIAL_EMAIL_DOMAINS=['local']",
      "PGADMIN_CONFIG_CHECK_EMAIL_DELIVERABILITY=False",
      "PGADMIN_DISABLE_POSTFIX=1",
      "PGADMIN_CONFIG_MAX_LOGIN_ATTEMPTS=0",
      "PGADMIN_CONFIG_SHOW_GRAVATAR_IMAGE=False",
      "PGADMIN_LISTEN_PORT=80",
    ],
    tmpfs: { "/tmp": noexec },
    ports: port(80, 5050),
    networksAdvanced: onOne("pgadmin"),
    volumes: [volume("trading_pgadmin_data", "/var/lib/pgadmin"), config("trading_pgadmin_config")],
    healthcheck: {
      ...every("10s", "2m0s"),
      tests: ["CMD-SHELL", `python3 -c ${ping} || /venv/bin/python3 -c ${ping}`],
    },
  });
});

test("Mongo Express is given exactly this", () => {
  const ping = `require("http").get("http://127.0.0.1:8081/status", (reply) => process.exit(reply.statusCode === 200 ? 0 : 1))`;
  expect(container("trading-mongo-express")).toEqual({
    ...common("trading-mongo-express", "mongo-express:1.0.2", 1000, 256),
    envs: [
      "ME_CONFIG_MONGODB_SERVER=mongodb",
      "ME_CONFIG_MONGODB_PORT=27017",
      "ME_CONFIG_MONGODB_ENABLE_ADMIN=true",
      "ME_CONFIG_MONGODB_ADMINUSERNAME=admin",
      "ME_CONFIG_MONGODB_ADMINPASSWORD_FILE=/config/mongodb-password",
      "ME_CONFIG_BASICAUTH=true",
      "ME_CONFIG_BASICAUTH_USERNAME=admin",
      "ME_CONFIG_BASICAUTH_PASSWORD_FILE=/config/password",
    ],
    tmpfs: { "/tmp": noexec },
    ports: port(8081),
    networksAdvanced: onOne("mongo-express"),
    volumes: [config("trading_mongo_express_config")],
    healthcheck: { ...every("10s", "1m0s"), tests: ["CMD", "node", "-e", ping] },
  });
});

test("what takes backups is given exactly this, and nothing of Docker or of the servers' volumes", () => {
  const uid = process.getuid!() || 999;
  expect(container("trading-backup")).toEqual({
    ...common("trading-backup", "backup:15-6.0", uid, 1024),
    init: true,
    envs: [
      "HOME=/tmp",
      "PGHOST=postgres",
      "PGUSER=trading_replicator",
      "PGPASSFILE=/config/pgpass",
      "RESULTS=trading_results",
      "CONFIGS=trading_configs",
      "MONGODB_USER=trading_backup",
      "STACK=dev",
      "INSTALLATION=0123456789abcdef",
      "SCHEDULE=0 3 * * *",
      "KEEP_COUNT=7",
      "KEEP_DAYS=30",
    ],
    tmpfs: { "/tmp": noexec },
    networksAdvanced: onOne("backup"),
    volumes: [
      volume("trading_backup_scratch", "/var/lib/postgresql/data"),
      { hostPath: "/srv/backups/dev", containerPath: "/backups" },
      config("trading_backup_config"),
    ],
    healthcheck: {
      tests: ["CMD-SHELL", '[ -n "$(find /tmp/healthy -mmin -2)" ]'],
      interval: "10s",
      timeout: "5s",
      retries: 3,
      startPeriod: "1m0s",
    },
  });
  // As a secret.
  const { value } = container("config-of-trading-backup")["uploads"] as { value: { file: string }[] };
  expect(value.map(({ file }) => file)).toEqual(["/upload/pgpass", "/upload/mongodb-password", "/upload/key"]);
});
