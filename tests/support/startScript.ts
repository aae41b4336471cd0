import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, execute } from "./project.ts";

/** One server, started by its script on a volume of its own as the components do it, without Pulumi. */
export interface ScriptedServer {
  container: string;
  volume: string;
  image: string;
  /** Starts the container and answers when the server is ready, with the milliseconds that it took. */
  start(): Promise<number>;
  /** Where a server that is in a network is reached; another one at each start. */
  address(): Promise<{ host: string; port: number }>;
  /** Kills the container that many milliseconds after its start. */
  startAndKill(after: number): Promise<void>;
  /** Runs a shell line as root in another container on the data volume, mounted at /volume. */
  onVolume(line: string): Promise<string>;
  /** What the container wrote since its last start, when it has ended. */
  lastWords(): Promise<string>;
  remove(): Promise<void>;
}

interface Kind {
  image: string;
  script: string;
  /** What the server logs when it takes connections. */
  ready: RegExp;
  port: number;
  dataFolder: string;
  /** Files beside the start script, by a shell line that writes them into /config. */
  secrets?: string;
  options: string[];
  arguments: string[];
}

const KINDS = {
  postgres: {
    image: "localhost/trading-db/postgres:15",
    script: "postgres-start.sh",
    ready: /database system is ready to accept connections/,
    port: 5432,
    dataFolder: "/var/lib/postgresql/data",
    options: ["--env", "PGDATA=/var/lib/postgresql/data/current", "--tmpfs", "/var/run/postgresql:rw,mode=3777"],
    arguments: [],
  },
  mongodb: {
    image: "localhost/trading-db/mongo:6.0",
    script: "mongodb-start.sh",
    ready: /"Waiting for connections"/,
    port: 27017,
    dataFolder: "/data/db",
    secrets: "printf secret >/config/admin-password; head -c 96 /dev/zero | base64 -w 0 >/config/keyfile",
    options: [],
    arguments: ["--wiredTigerCacheSizeGB", "0.25"],
  },
} satisfies Record<string, Kind>;

/** Password of MongoDB's root user. */
export const PASSWORD = "secret";

/**
 * @param network of Docker; in "none" the server is reached by `docker exec` alone.
 * @param options of `docker create`, in addition.
 */
export async function makeScriptedServer(
  name: keyof typeof KINDS,
  network = "none",
  options: string[] = [],
): Promise<ScriptedServer> {
  const kind: Kind = KINDS[name];
  const container = `it-start-${randomBytes(4).toString("hex")}`;
  const volumes = { data: `${container}-data`, config: `${container}-config`, tmp: `${container}-tmp` };
  const configFolder = name === "postgres" ? "/config" : "/data/configdb";
  const root = ["run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "/bin/sh"];
  const mounts = [`${volumes.config}:/config`, `${volumes.data}:/volume`, `${volumes.tmp}:/volume-tmp`];
  await docker(
    ...root,
    ...[...mounts, `${process.cwd()}/components/files:/files:ro`].flatMap((mount) => ["--volume", mount]),
    ...[
      kind.image,
      "-ec",
      `cp /files/* /config; ${kind.secrets ?? ":"}; chmod 0400 /config/*; chown -R 999:999 /config /volume /volume-tmp`,
    ],
  );
  await docker(
    ...[
      "create",
      "--name",
      container,
      "--network",
      network,
      "--user",
      "999:999",
      "--read-only",
      ...kind.options,
      ...options,
    ],
    ...["--env", `DATA_VOLUME=${volumes.data}`, "--env", `IMAGE=${kind.image}`],
    ...[
      "--volume",
      `${volumes.data}:${kind.dataFolder}`,
      "--volume",
      `${volumes.config}:${configFolder}:ro`,
      "--volume",
      `${volumes.tmp}:/tmp`,
    ],
    ...["--entrypoint", "/bin/bash", kind.image, `${configFolder}/${kind.script}`, ...kind.arguments],
  );
  /** When the container was last started. Docker notes the time later than a container may write its first line. */
  let started = new Date();
  const begin = async () => {
    started = new Date();
    await docker("start", container);
  };
  const words = async () => {
    const { stdout, stderr } = await execute("docker", ["logs", "--since", started.toISOString(), container]);
    return stdout + stderr;
  };
  return {
    container,
    volume: volumes.data,
    image: kind.image,
    async start() {
      await begin();
      while (!kind.ready.test(await words())) {
        if ((await docker("inspect", "--format", "{{.State.Running}}", container)) === "false")
          throw new Error(await words());
        await sleep(50);
      }
      return Date.now() - started.getTime();
    },
    async address() {
      const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
      return { host: await docker("inspect", "--format", format, container), port: kind.port };
    },
    async startAndKill(after) {
      await begin();
      await sleep(Math.max(0, after - (Date.now() - started.getTime())));
      await docker("kill", container);
    },
    onVolume: (line) => docker(...root, "--volume", `${volumes.data}:/volume`, kind.image, "-ec", line),
    async lastWords() {
      await begin();
      await docker("wait", container);
      return words();
    },
    async remove() {
      await execute("docker", ["rm", "--force", container]);
      await execute("docker", ["volume", "rm", "--force", ...Object.values(volumes)]);
    },
  };
}
