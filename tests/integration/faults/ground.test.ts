import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { OwnThings } from "../../../operations/stack.ts";
import { checkTheGround } from "../../../setup/preflight.ts";
import { writerOf } from "../../../naming.ts";
import { parseSettings, type Settings } from "../../../settings.ts";
import { docker, freshStackName, removeFromDaemon } from "../../support/project.ts";

const IMAGE = "localhost/trading-db/postgres:15";
/** In the place of the volume that the image declares, which would be left behind. */
const NO_VOLUME = ["--tmpfs", "/var/lib/postgresql/data"];
const NOTHING: OwnThings = { installation: undefined, ids: new Set() };

let stack: string;
let settings: Settings;

const withConfig = (config: Record<string, string>) =>
  parseSettings(stack, Object.fromEntries(Object.entries(config).map(([key, value]) => [`trading-db:${key}`, value])));

beforeEach(() => {
  do {
    stack = freshStackName();
    settings = withConfig({});
    // Above, the kernel gives ports to connections, and the ports that are proposed are 10000 higher.
  } while (settings.ports.postgres + 10_003 >= 32_768);
});

afterEach(() => removeFromDaemon(settings));

/** Runs a container that only waits. @returns its id */
const idle = (name: string, ...options: string[]) =>
  docker(
    "run",
    "--detach",
    "--name",
    name,
    "--network",
    "none",
    "--entrypoint",
    "sleep",
    ...NO_VOLUME,
    ...options,
    IMAGE,
    "300",
  );

const labels = (installation: string) => [
  "--label",
  `trading-db.installation=${installation}`,
  "--label",
  `trading-db.stack=${stack}`,
];

const isThere = async (name: string) => (await docker("ps", "--all", "--quiet", "--filter", `name=^${name}$`)) !== "";

/** The whole message with which the ground is refused. */
async function refusal(wanted = settings, own = NOTHING): Promise<string> {
  return checkTheGround(wanted, own).then(
    () => "nothing was refused",
    (error: Error) => error.message,
  );
}

test("ground on which nothing is in the way is taken", async () => {
  expect(await refusal()).toBe("nothing was refused");
});

describe("a port that is taken", () => {
  let listener: ChildProcess;

  /** Listens in a process of its own. */
  async function listen(port: number, address: string): Promise<void> {
    const program = `require("net").createServer().listen(${port}, "${address}", () => console.log("listening"))`;
    listener = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(listener.stdout!, "data");
  }

  afterEach(() => void listener?.kill());

  test.each(["127.0.0.1", "0.0.0.0"])("by a process on %s names the process and the key to change", async (address) => {
    const port = settings.ports.mongodb;
    await listen(port, address);
    expect(await refusal()).toBe(
      `Port ${port} of 127.0.0.1 is taken by the process node (${listener.pid}). ` +
        `Stop that, or choose another port: pulumi config set mongodbPort ${port + 10000}`,
    );
    expect(await refusal(withConfig({ mongodbPort: String(port + 10000) }))).toBe("nothing was refused");
  });

  test("by a container names the container and the key to change", async () => {
    const name = `${stack}-foreign`;
    const port = settings.ports.postgres;
    await docker(
      "run",
      "--detach",
      "--name",
      name,
      "--publish",
      `127.0.0.1:${port}:1`,
      ...NO_VOLUME,
      "--entrypoint",
      "sleep",
      IMAGE,
      "300",
    );
    try {
      expect(await refusal()).toBe(
        `Port ${port} of 127.0.0.1 is taken by the container ${name}. ` +
          `Stop that, or choose another port: pulumi config set postgresPort ${port + 10000}`,
      );
      expect(await isThere(name)).toBe(true);
    } finally {
      await docker("rm", "--force", name);
    }
  });

  test("by this stack's own container is no obstacle for it, and one for another service", async () => {
    const { postgres } = settings.containers;
    const port = settings.ports.postgres;
    const publish = ["--publish", `127.0.0.1:${port}:1`, ...NO_VOLUME, "--entrypoint", "sleep"];
    const id = await docker("run", "--detach", "--name", postgres, ...labels("mine"), ...publish, IMAGE, "300");
    const own = { installation: "mine", ids: new Set([id]) };
    expect(await refusal(settings, own)).toBe("nothing was refused");
    const swapped = withConfig({ postgresPort: "29999", mongodbPort: String(port) });
    expect(await refusal(swapped, own)).toBe(
      `Port ${port} of 127.0.0.1 is taken by the container ${postgres}. ` +
        `Stop that, or choose another port: pulumi config set mongodbPort ${port + 10000}`,
    );
  });

  test("for a new setting of a stack that runs is seen before its container is stopped", async () => {
    const id = await idle(settings.containers.postgres, ...labels("mine"));
    const port = settings.ports.postgres + 10000;
    await listen(port, "127.0.0.1");
    expect(
      await refusal(withConfig({ postgresPort: String(port) }), { installation: "mine", ids: new Set([id]) }),
    ).toBe(
      `Port ${port} of 127.0.0.1 is taken by the process node (${listener.pid}). ` +
        `Stop that, or choose another port: pulumi config set postgresPort ${port + 10000}`,
    );
  });

  test("is looked for on the admin tools too, where they are wanted", async () => {
    const server = createServer().listen(settings.ports.pgadmin, "127.0.0.1");
    await once(server, "listening");
    try {
      expect(await refusal()).toBe("nothing was refused");
      expect(await refusal(withConfig({ adminTools: "true" }))).toBe(
        `Port ${settings.ports.pgadmin} of 127.0.0.1 is taken by the process node (${process.pid}). ` +
          `Stop that, or choose another port: pulumi config set pgadminPort ${settings.ports.pgadmin + 10000}`,
      );
    } finally {
      server.close();
    }
  });
});

test("an address that this host does not have is refused", async () => {
  expect(await refusal(withConfig({ bindAddress: "192.0.2.1" }))).toBe(
    `Ports can't be published on 192.0.2.1: listen EADDRNOTAVAIL: address not available 192.0.2.1:${settings.ports.postgres}. ` +
      "Choose an address of this host: pulumi config set bindAddress 127.0.0.1",
  );
});

describe("a container's name that is taken", () => {
  test("by a foreign container is refused, and the way out works", async () => {
    const { mongodb } = settings.containers;
    const id = await idle(mongodb);
    const message = await refusal();
    expect(message).toBe(
      `The name ${mongodb} is taken by a container that is not ours; it was not touched. ` +
        `Rename it (docker rename ${mongodb} ${mongodb}-old), or use another stack (--stack NAME).`,
    );
    expect(await docker("inspect", "--format", "{{.Id}} {{.State.Status}}", mongodb)).toBe(`${id} running`);
    await docker("rename", mongodb, `${mongodb}-old`);
    try {
      expect(await refusal()).toBe("nothing was refused");
      expect(await isThere(`${mongodb}-old`)).toBe(true);
    } finally {
      await docker("rm", "--force", id);
    }
  });

  test("by another installation is refused with a command that removes its containers and networks, and keeps volumes", async () => {
    const { postgres } = settings.containers;
    const network = settings.networks.database;
    await docker("network", "create", "--label", "trading-db.installation=theirs", network);
    await docker("volume", "create", settings.volumes.postgresData);
    await idle(postgres, ...labels("theirs"), "--volume", `${settings.volumes.postgresData}:/data`);
    const wayOut =
      "docker rm -f $(docker ps -aq --filter label=trading-db.installation=theirs) && " +
      "docker network prune -f --filter label=trading-db.installation=theirs";
    expect(await refusal(settings, { installation: "mine", ids: new Set() })).toBe(
      `The container ${postgres} belongs to another set-up of a stack ${stack}: another clone, or one whose state is lost. ` +
        "Use another stack (--stack NAME), or, if that set-up is gone, remove its containers and networks; the data stay in the volumes: " +
        wayOut,
    );
    expect(await isThere(postgres)).toBe(true);
  });

  test("by what an interrupted run of ours left is made free", async () => {
    const { postgres } = settings.containers;
    await idle(writerOf(postgres), ...labels("mine"));
    await docker("network", "create", "--label", "trading-db.installation=mine", settings.networks.service);
    expect(await refusal(settings, { installation: "mine", ids: new Set() })).toBe("nothing was refused");
    expect(await isThere(writerOf(postgres))).toBe(false);
    expect(await docker("network", "ls", "--quiet", "--filter", `name=^${settings.networks.service}$`)).toBe("");
  });

  test("by a restore that was killed before its container ran is made free, and one that runs is not touched", async () => {
    const { postgresData, mongodbData } = settings.volumes;
    const scratch = (volume: string) => ["--label", "trading-db.scratch", "--volume", `${volume}:/volume`];
    const unborn = await docker("create", ...NO_VOLUME, ...scratch(postgresData), IMAGE);
    const running = await idle(writerOf(settings.containers.mongodb), ...scratch(mongodbData));
    expect(await refusal(settings, { installation: "mine", ids: new Set([running]) })).toBe("nothing was refused");
    const left = await docker("ps", "--all", "--quiet", "--no-trunc", "--filter", "label=trading-db.scratch");
    expect(left.split("\n")).toContain(running);
    expect(left.split("\n")).not.toContain(unborn);
  });
});

test("a network's name that is taken by a foreign network is refused, and the network is not touched", async () => {
  const name = settings.networks.database;
  const id = await docker("network", "create", name);
  expect(await refusal()).toBe(
    `The name ${name} is taken by a Docker network that is not this stack's; it was not touched. ` +
      `Remove it if nothing uses it (docker network rm ${id.slice(0, 12)}), or use another stack (--stack NAME).`,
  );
  expect(await docker("network", "inspect", "--format", "{{.Id}}", name)).toBe(id);
});

test("a subnet that overlaps a network of this machine is refused with that network's name", async () => {
  const name = `${stack}-neighbour`;
  await docker("network", "create", "--subnet", "10.217.8.0/22", name);
  try {
    expect(await refusal(withConfig({ databaseSubnet: "10.217.9.0/24" }))).toBe(
      `trading-db:databaseSubnet is 10.217.9.0/24, which overlaps 10.217.8.0/22 of the network ${name}. ` +
        "Choose another one (pulumi config set databaseSubnet 10.213.0.0/24), or let Docker choose (pulumi config rm databaseSubnet).",
    );
    expect(await refusal(withConfig({ databaseSubnet: "10.217.12.0/24" }))).toBe("nothing was refused");
  } finally {
    await docker("network", "rm", name);
  }
});

test("more memory than the machine has is refused before anything else is looked at", async () => {
  const message = await refusal(withConfig({ postgresMemory: "1048576", mongodbMemory: "1048576" }));
  expect(message).toMatch(
    /^The two databases may use 2097152 MiB of memory, but this machine has \d+ MiB\. Give them less: pulumi config set postgresMemory 512 && pulumi config set mongodbMemory 512$/,
  );
});
