import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { asRoot } from "../../operations/process.ts";
import { execute } from "./project.ts";

/** A Docker daemon for one test, on a disk and in a network and process namespace of its own: nobody else's is stopped. */
export interface Daemon {
  /** For DOCKER_HOST. */
  host: string;
  /** Docker's folder. */
  data: string;
  /** What stands before a command that is to talk with this daemon, and with the ports that its containers publish. */
  inside: string;
  /** Gives it images of the machine's own daemon. */
  load(images: string[]): Promise<void>;
  start(): Promise<void>;
  /** SIGTERM ends it and its containers in order; SIGKILL ends all at once, as a loss of power does. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  remove(): Promise<void>;
}

/** Starts one. @param size of its disk, in memory, such as `5300m` @default the folder of temporary files */
export async function startDaemon(size?: string): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), "dockerd-"));
  const world = `it-${randomBytes(4).toString("hex")}`;
  const data = join(folder, "data");
  const host = `unix://${join(folder, "docker.sock")}`;
  let outer: ChildProcess;
  mkdirSync(data);
  if (size !== undefined) await root("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", data);
  await root("ip", "netns", "add", world);
  await root("ip", "-n", world, "link", "set", "lo", "up");

  const start = async () => {
    // What is in /run does not outlive a start of a machine, and another daemon's containerd listens there.
    const dockerd = `mount -t tmpfs tmpfs /run && exec dockerd --host ${host} --data-root ${data}`;
    const namespaces = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    const [program, args] = asRoot(["nsenter", `--net=/run/netns/${world}`, ...namespaces, "sh", "-c", dockerd]);
    const PATH = `${process.env["PATH"]}:/usr/sbin:/sbin`;
    outer = spawn(program, args, { stdio: "ignore", env: { ...process.env, PATH } });
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(200)) {
      if ((await execute("docker", ["--host", host, "version"])).code === 0) return;
    }
    throw new Error("The daemon of this test did not answer within a minute.");
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL") => {
    if (outer.exitCode !== null || outer.signalCode !== null) return;
    const ended = once(outer, "exit");
    await root("kill", `-${signal}`, String(innermost(outer.pid!)));
    await ended;
  };
  await start();
  return {
    host,
    data,
    inside: asRoot(["nsenter", `--net=/run/netns/${world}`, "env", `DOCKER_HOST=${host}`])
      .flat()
      .join(" "),
    async load(images) {
      const pipe = `set -o pipefail; docker save ${images.join(" ")} | docker --host ${host} load --quiet`;
      const { code, stderr } = await execute("bash", ["-c", pipe]);
      if (code !== 0) throw new Error(stderr);
    },
    start,
    stop,
    async remove() {
      await stop("SIGKILL");
      await root("ip", "netns", "delete", world);
      if (size !== undefined) await root("umount", data);
      await root("rm", "-rf", folder);
    },
  };
}

async function root(...command: string[]): Promise<void> {
  const { code, stderr } = await execute(...asRoot(command));
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

/** The daemon itself, behind sudo and unshare: the first process of its namespace. */
function innermost(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const isDaemon = readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
  return isDaemon || child === undefined || child === "" ? pid : innermost(Number(child));
}
