import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { dataPaths } from "../../operations/backups/scratch.ts";
import type { StackOutputs } from "../../outputs.ts";

const execute = promisify(execFile);

/** The servers' own tools, one after the other, each through zstd at our level into a file that is synced. */
export async function backUpBare({ postgres, mongodb }: StackOutputs, folder: string): Promise<void> {
  const inPostgres = `docker exec ${postgres.container} env PGUSER=postgres`;
  const login = "--host=127.0.0.1 --username=admin --authenticationDatabase=admin";
  const tools = {
    "base.tar": `${inPostgres} pg_basebackup --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast`,
    dump: `${inPostgres} pg_dump --format=custom --compress=0 ${postgres.database}`,
    archive: `docker exec -i ${mongodb.container} mongodump --quiet ${login} --archive <<<"$PASSWORD"`,
  };
  for (const [name, command] of Object.entries(tools)) {
    const file = join(folder, `${name}.zst`);
    await shell(`${command} | zstd -q -f -3 -o '${file}'; sync '${file}'`, { PASSWORD: mongodb.adminPassword });
  }
}

/** Brings both servers up on new volumes with what `backUpBare` made, and lets them end. */
export async function restoreBare({ postgres, mongodb }: StackOutputs, folder: string): Promise<void> {
  const [results, configs] = [`${dataPaths.postgresql}/bare`, `${dataPaths.mongodb}/bare`];
  const options = "--rm --interactive --network none --user 999:999 --entrypoint bash";
  await shell(
    `zstd -q -d -c '${folder}/base.tar.zst' | docker run ${options} ${postgres.image} -euc '
       mkdir -m 0700 ${results}; tar -xC ${results}
       pg_ctl --pgdata=${results} --silent --wait --timeout=600 -o "-c unix_socket_directories=/tmp -c listen_addresses=" start
       pg_ctl --pgdata=${results} --silent --wait --timeout=600 stop'`,
  );
  await shell(
    `zstd -q -d -c '${folder}/archive.zst' | docker run ${options} ${mongodb.image} -euc '
       mkdir ${configs}; mongod --dbpath ${configs} --bind_ip 127.0.0.1 --wiredTigerCacheSizeGB 0.25 --logpath /tmp/log --fork >/dev/null
       mongorestore --quiet --archive
       mongod --dbpath ${configs} --shutdown >/dev/null'`,
  );
}

async function shell(script: string, env: Record<string, string> = {}): Promise<void> {
  await execute("bash", ["-euo", "pipefail", "-c", script], { env: { ...process.env, ...env } });
}
