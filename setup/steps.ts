import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { ListrTask, ListrTaskWrapper } from "listr2";
import { DEFAULT_STACK } from "../naming.ts";
import { interruption, relay } from "../operations/backups/signals.ts";
import { deploy } from "../operations/deploy.ts";
import { UserError } from "../operations/errors.ts";
import { readOwnThings, recoverFromInterruption } from "../operations/interruption.ts";
import { readOutputs, readSettings } from "../operations/stack.ts";
import { mendState } from "../operations/stateFile.ts";
import { verify } from "../operations/verify.ts";
import { parseSettings, type Settings } from "../settings.ts";
import { ensureDockerEngine } from "./dockerEngine.ts";
import { establishEnvironment } from "./environment.ts";
import { ensureImages, imagesOf } from "./images.ts";
import { checkTheGround } from "./preflight.ts";
import { keepSaltOutOfGit, prepareStack } from "./stackState.ts";
import { ensureToolchain, toolVersions } from "./toolchain.ts";
import { reachVendors, type Vendors } from "./vendors.ts";

/** What the command line asked for. */
export interface Options {
  stack: string;
  adminTools: boolean;
  mayInstall: boolean;
  prepareOnly: boolean;
}

/** What the steps hand on to each other. */
export interface Context {
  vendors: Vendors;
  environmentFile: string;
  stack: Stack;
  settings: Settings;
}

// The renderers' types would have to be named in every step that only wants to say a line.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Task = ListrTaskWrapper<Context, any, any>;

/** A step, which isn't begun any more once the user wants to stop. */
function step(title: string, act: (context: Context, task: Task) => Promise<void>): ListrTask<Context> {
  return {
    title,
    task: async (context: Context, task: Task) => {
      interruption.throwIfAborted();
      await act(context, task);
    },
    // What it says stays on the screen, line by line.
    rendererOptions: { persistentOutput: true, outputBar: Infinity },
  };
}

/** The steps of a set-up, in their order. */
export function listSteps(options: Options): ListrTask<Context>[] {
  const say = (task: Task) => (line: string) => void (task.output = line);
  const machine: ListrTask<Context>[] = [
    step("Docker Engine", async (_, task) => {
      task.title = `Docker Engine ${await ensureDockerEngine(options.mayInstall, say(task))}`;
    }),
    step("Pulumi", async (context, task) => {
      context.vendors = await reachVendors();
      const pulumiHome = await ensureToolchain(context.vendors.pulumi, options.mayInstall, say(task));
      const versions = toolVersions();
      context.environmentFile = establishEnvironment({
        pulumiHome,
        pulumiVersion: versions.pulumi,
        images: context.vendors.images ? "published" : "local",
      });
      const origin = context.vendors.pulumi ? "" : ", built here: its download site does not answer";
      task.title = `Pulumi ${versions.pulumi}, docker ${versions.docker}, random ${versions.random}${origin}`;
    }),
  ];
  const images = (settings: (context: Context) => Settings, everything: boolean) =>
    step("Images", async (context, task) => {
      const { images, backupSources } = settings(context);
      const wanted = imagesOf(settings(context), everything);
      await ensureImages(wanted, backupSources, options.mayInstall, say(task));
      task.title = `Images ${images.postgres}, ${images.mongodb}`;
    });
  const group = (title: string, tasks: ListrTask<Context>[]): ListrTask<Context> => ({
    title,
    task: (_, task) => task.newListr(tasks),
  });

  if (options.prepareOnly) {
    const defaults = () => parseSettings(DEFAULT_STACK, {}, process.env["TRADING_DB_IMAGES"]);
    return [group("Machine", [...machine, images(defaults, true)])];
  }
  return [
    group("Machine", machine),
    group(`Stack ${options.stack}`, [
      step("State", async (context, task) => {
        await mendState(options.stack, say(task));
        context.stack = await prepareStack(options.stack);
        if (options.adminTools) await context.stack.setConfig("adminTools", { value: "true" });
        await recoverFromInterruption(context.stack, say(task));
        context.settings = await readSettings(context.stack);
      }),
      images((context) => context.settings, false),
      step("Ports, names, memory and disk", async ({ stack, settings }) =>
        checkTheGround(settings, await readOwnThings(stack)),
      ),
    ]),
    group("Databases", [
      step("Create, migrate and seed", async ({ stack }, task) => {
        await deploy(stack, say(task), { signal: relay }).finally(() => keepSaltOutOfGit(stack.name));
      }),
      step("Verify", async ({ stack }, task) => {
        const checks = await verify(await readOutputs(stack.name));
        const failed = checks.filter(({ problem }) => problem !== undefined);
        if (failed.length > 0)
          throw new UserError(failed.map(({ name, problem }) => `Not so: ${name}. ${problem}`).join("\n"));
        task.title = `Verify: ${checks.length} checks hold`;
      }),
    ]),
  ];
}
