import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { askEngine } from "../operations/engine.ts";
import { UserError } from "../operations/errors.ts";
import { asRoot, run } from "../operations/process.ts";
import { alive } from "./alive.ts";
import { beginAnewAsMember, DOCKER_GROUP } from "./dockerGroup.ts";

const DAEMON_LOG = "/var/log/dockerd.log";

/**
 * Sees to a running Docker Engine: installs Debian's `docker.io` where there is none, and starts the daemon where it
 * does not run, with systemd where the machine has it.
 *
 * @param mayInstall whether packages may be installed
 * @param say called with what is being done, for steps that take long
 * @returns version of the engine
 * @throws UserError with the command that mends what can't be mended here
 */
export async function ensureDockerEngine(mayInstall: boolean, say: (step: string) => void): Promise<string> {
  const state = await askEngine();
  if (state.kind === "running") return state.version;
  if (state.kind === "no permission") throw await refusal();
  if (process.env["DOCKER_HOST"] !== undefined) {
    throw new UserError(
      `Docker does not answer at DOCKER_HOST=${process.env["DOCKER_HOST"]}. Start it there, or use this machine's own: unset DOCKER_HOST`,
    );
  }
  if (state.kind === "no client" || !(await hasDaemon())) {
    if (!mayInstall) {
      throw new UserError(
        "Docker Engine is not installed. Run again without --no-install, or: sudo apt-get install --no-install-recommends docker.io iptables",
      );
    }
    say("installing Docker Engine");
    await alive(() => "installing Docker Engine", say, installEngine());
  }
  say("starting Docker Engine");
  await startDaemon();
  return awaitEngine();
}

async function refusal(): Promise<UserError> {
  await beginAnewAsMember();
  return new UserError(
    "Docker runs, but this user may not use it. Let it, then log in again: sudo usermod -aG docker $USER",
  );
}

async function hasDaemon(): Promise<boolean> {
  return (await run("sh", ["-c", "PATH=$PATH:/usr/sbin:/sbin; command -v dockerd"])).code === 0;
}

async function installEngine(): Promise<void> {
  const install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "docker.io", "iptables"];
  for (const step of [
    ["apt-get", "update", "-qq"],
    ["env", "DEBIAN_FRONTEND=noninteractive", ...install],
    // Whoever may install Docker may use it.
    ...(process.getuid?.() === 0 ? [] : [["usermod", "--append", "--groups", DOCKER_GROUP, userInfo().username]]),
  ]) {
    const { code, stderr } = await run(...asRoot(step));
    if (code === 0) continue;
    throw new UserError(
      `Docker Engine could not be installed: ${lastLine(stderr)}. See what is wrong: sudo apt-get install --no-install-recommends docker.io iptables`,
    );
  }
}

function hasSystemd(): boolean {
  return existsSync("/run/systemd/system");
}

async function startDaemon(): Promise<void> {
  if (hasSystemd()) {
    const { code, stderr } = await run(...asRoot(["systemctl", "enable", "--now", "docker"]));
    if (code === 0) return;
    throw new UserError(
      `The Docker daemon could not be started: ${lastLine(stderr)}. Its log: journalctl -u docker -n 50`,
    );
  }
  // A session of its own, so that the daemon outlives this terminal and never sees its Ctrl-C. It begins below sudo, which
  // may need the terminal for a password.
  const script = `PATH=$PATH:/usr/sbin:/sbin; setsid dockerd >>${DAEMON_LOG} 2>&1 </dev/null &`;
  const { code, stderr } = await run(...asRoot(["sh", "-c", script]));
  if (code !== 0) throw new UserError(`The Docker daemon could not be started: ${lastLine(stderr)}.`);
}

async function awaitEngine(): Promise<string> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const state = await askEngine();
    if (state.kind === "running") return state.version;
    if (state.kind === "no permission") throw await refusal();
    if (Date.now() > deadline) {
      const said = state.kind === "not running" ? `: ${lastLine(state.said)}` : "";
      throw new UserError(
        `The Docker daemon was started but does not answer after a minute${said}. Its log: ${hasSystemd() ? "journalctl -u docker -n 50" : `sudo tail -n 50 ${DAEMON_LOG}`}`,
      );
    }
    await sleep(250);
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
