import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { StackOutputs } from "../outputs.ts";
import { UserError } from "./errors.ts";

/**
 * Dumps both databases into one folder: `postgres.sql`, which psql restores, and `mongodb.archive`, which mongorestore
 * restores. The folder gets its name only when both dumps are whole and on the disk.
 *
 * @param parent folder that receives the new one
 * @param at time that names the folder @default now
 * @returns path of the new folder
 */
export async function backup(outputs: StackOutputs, parent: string, at = new Date()): Promise<string> {
  const { postgres, mongodb } = outputs;
  const folder = join(parent, at.toISOString().replaceAll(/[:.]/g, "-"));
  const unfinished = `${folder}.unfinished`;
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  try {
    await dump(join(unfinished, "postgres.sql"), postgres.container, [
      ...["pg_dump", "--username=trading_user", "--no-password", postgres.database],
    ]);
    // mongodump takes a password on standard input, so that it stands in no argument list.
    await dump(
      join(unfinished, "mongodb.archive"),
      mongodb.container,
      ["mongodump", "--quiet", "--username=admin", "--authenticationDatabase=admin", "--archive"],
      mongodb.adminPassword,
    );
    await rename(unfinished, folder);
    return folder;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Runs a program in a container and writes what it prints to a file; both have to end well. */
async function dump(file: string, container: string, command: string[], input = ""): Promise<void> {
  const child = spawn("docker", ["exec", "--interactive", container, ...command], { stdio: "pipe" });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number>((resolve) => {
    child.on("error", (error) => {
      said += error.message;
      resolve(127);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
  // A program that ends before it has read everything closes the pipe; its exit code tells more.
  child.stdin.on("error", () => {});
  child.stdin.end(`${input}\n`);
  await pipeline(child.stdout, createWriteStream(file, { mode: 0o600 }));
  const code = await ended;
  if (code !== 0) throw new UserError(`${command[0]} in ${container} failed: ${said.trim()}. No backup was kept.`);
  const handle = await open(file);
  await handle.sync();
  await handle.close();
}
