import { randomBytes } from "node:crypto";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { listSlices } from "../../operations/backups/oplog.ts";
import { oplogStanding } from "../../operations/backups/mongodb.ts";
import { toolsIn } from "../../operations/backups/tools.ts";
import { mongodbAsAdmin } from "../../operations/connections.ts";
import type { BackedUp } from "./backedUp.ts";
import { docker, execute } from "./project.ts";

/** The container that components/backups.ts declares, on servers that Pulumi did not make. */
export interface Agent {
  container: string;
  /** Waits until its log has a line that matches. */
  says(words: RegExp, seconds?: number): Promise<void>;
  /** Waits until all that was written before a time is archived. */
  archived(time: string): Promise<void>;
  /** Waits until Docker's health check would find it so. */
  becomes(health: "healthy" | "unhealthy"): Promise<void>;
  remove(): Promise<void>;
}

const PASSWORD = "password-of-the-backup";

/**
 * @param cron when it begins further backups @default never in a test
 * @param count of proven backups that stay
 */
export async function startAgent(
  { outputs, network, place, stack }: BackedUp,
  cron = "0 0 29 2 *",
  count = 9,
): Promise<Agent> {
  await bootstrapMongo({
    connection: mongodbAsAdmin(outputs),
    replicaSetMember: "mongodb:27017",
    backupUser: { user: "trading_backup", password: PASSWORD },
  });
  const uid = process.getuid?.() || 999;
  const config = await mkdtemp(join(tmpdir(), "agent-"));
  const { trading_replicator } = outputs.postgres.passwords;
  await writeFile(join(config, "pgpass"), `postgres:5432:*:trading_replicator:${trading_replicator}`, { mode: 0o400 });
  await writeFile(join(config, "mongodb-password"), PASSWORD, { mode: 0o400 });
  for (const path of [config, join(config, "pgpass"), join(config, "mongodb-password"), place])
    await chown(path, uid, uid);
  const container = `it-agent-${randomBytes(4).toString("hex")}`;
  const environment = {
    HOME: "/tmp",
    PGHOST: "postgres",
    PGUSER: "trading_replicator",
    PGPASSFILE: "/config/pgpass",
    RESULTS: outputs.postgres.database,
    CONFIGS: outputs.mongodb.database,
    MONGODB_USER: "trading_backup",
    STACK: stack,
    INSTALLATION: outputs.installation,
    SCHEDULE: cron,
    KEEP_COUNT: String(count),
    KEEP_DAYS: "0",
  };
  await docker(
    ...[
      "run",
      "--detach",
      "--name",
      container,
      "--network",
      network,
      "--user",
      `${uid}:${uid}`,
      "--read-only",
      "--init",
    ],
    ...["--cap-drop", "ALL", "--tmpfs", "/tmp", "--tmpfs", `/var/lib/postgresql/data:uid=${uid}`],
    ...["--volume", `${config}:/config:ro`, "--volume", `${place}:/backups`],
    ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    "localhost/trading-db/backup:15-6.0",
  );
  const words = async () => (await execute("docker", ["logs", container])).stdout;
  const until = async (holds: () => Promise<boolean>, seconds: number) => {
    for (const deadline = Date.now() + seconds * 1000; !(await holds()); await sleep(500)) {
      if (Date.now() > deadline) throw new Error(`Not within ${seconds} s. The container said:\n${await words()}`);
    }
  };
  return {
    container,
    says: (pattern, seconds = 180) => until(async () => pattern.test(await words()), seconds),
    async archived(time) {
      const reader = {
        tools: toolsIn(outputs.mongodb.container),
        user: "admin",
        password: outputs.mongodb.adminPassword,
      };
      const { replicaSetId } = await oplogStanding(reader);
      const wanted = Math.ceil(Date.parse(time) / 1000);
      await until(async () => ((await listSlices(place, replicaSetId)).at(-1)?.to.t ?? 0) >= wanted, 90);
    },
    async becomes(health) {
      const file = ["exec", container, "test", "-e", "/tmp/healthy"];
      await until(async () => ((await execute("docker", file)).code === 0) === (health === "healthy"), 180);
    },
    async remove() {
      await execute("docker", ["rm", "--force", container]);
      await rm(config, { recursive: true, force: true });
    },
  };
}
