import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { existsSync } from "node:fs";
import { run } from "../operations/process.ts";
import { usesGeneratedPassphrase } from "./environment.ts";

/** Creates or selects the stack, and makes it the one that `pulumi` commands in this folder act on. */
export async function prepareStack(name: string): Promise<Stack> {
  const stack = await LocalWorkspace.createOrSelectStack({ stackName: name, workDir: process.cwd() });
  await keepSaltOutOfGit(name);
  return stack;
}

/**
 * Pulumi writes a salt into the stack's tracked file, and a salt fits one passphrase only. Where the passphrase was
 * generated on this machine, git is told not to see that line; a team that shares a passphrase commits it as usual.
 * To be called after whatever may have written the salt.
 */
export async function keepSaltOutOfGit(stack: string): Promise<void> {
  if (!existsSync(".git") || !usesGeneratedPassphrase()) return;
  await run("git", ["config", "filter.pulumi-salt.clean", "sed '/^encryptionsalt:/d'"]);
  // Git takes a file whose size has changed for another without a look into it, unless it has forgotten the size.
  const file = `Pulumi.${stack}.yaml`;
  const [mode, blob] = (await run("git", ["ls-files", "--stage", "--", file])).stdout.split(" ");
  if (blob !== undefined) await run("git", ["update-index", "--cacheinfo", `${mode},${blob},${file}`]);
}
