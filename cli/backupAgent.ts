import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { existsSync, readFileSync } from "node:fs";
import { Health } from "../operations/backups/health.ts";
import { keepBackups } from "../operations/backups/schedule.ts";
import { interruption, stopInOrder } from "../operations/backups/signals.ts";
import { run } from "../operations/backups/tools.ts";

// What the backup container runs: see components/backups.ts, which gives it all of this.
const { STACK, INSTALLATION, RESULTS, CONFIGS, MONGODB_USER, SCHEDULE, KEEP_COUNT, KEEP_DAYS } = process.env;
const secret = (file: string) => readFileSync(join("/config", file), "utf8");
const tell = (sentence: string) => console.log(`${new Date().toISOString()} ${sentence}`);

/** What is in it ends with this container, unless that is killed. */
const SCRATCHES = "/var/lib/postgresql/data";
for (const left of await readdir(SCRATCHES)) {
  if (left.startsWith("scratch-")) await rm(join(SCRATCHES, left), { recursive: true });
}

stopInOrder();
await keepBackups(
  {
    source: {
      stack: STACK!,
      installation: INSTALLATION!,
      // libpq finds the server, the user and the password in PGHOST, PGUSER and PGPASSFILE.
      postgresql: { tools: [], database: RESULTS! },
      mongodb: { tools: [], user: MONGODB_USER!, password: secret("mongodb-password"), database: CONFIGS! },
      key: existsSync("/config/key") ? secret("key") : undefined,
    },
    place: "/backups",
    cron: SCHEDULE!,
    retention: { count: Number(KEEP_COUNT), days: Number(KEEP_DAYS) },
    openScratch: async () => {
      const parent = await mkdtemp(join(SCRATCHES, "scratch-"));
      const folder = join(parent, "data");
      return { tools: [], folder, close: () => endServers(folder).then(() => rm(parent, { recursive: true })) };
    },
    health: new Health("/tmp/healthy", tell),
    tell,
  },
  interruption,
);

/** A server of a scratch that is not in a container of its own has to be ended. */
async function endServers(folder: string): Promise<void> {
  const script = `
    if [ -e "$1/postmaster.pid" ]; then pg_ctl --pgdata="$1" --mode=immediate --silent stop; fi
    if [ -s "$1/mongod.lock" ]; then mongod --dbpath "$1" --shutdown; fi`;
  await run([], ["bash", "-c", script, "end", folder]).catch(() => {});
}
