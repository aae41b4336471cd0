import { parseArgs } from "node:util";
import { Listr } from "listr2";
import { DEFAULT_STACK } from "../naming.ts";
import { tell } from "../operations/errors.ts";
import { interruption, stopInOrder } from "../operations/backups/signals.ts";
import { readOutputs } from "../operations/stack.ts";
import { databaseStatus, renderStatus } from "../operations/statusTable.ts";
import { adviceForNewMember } from "./dockerGroup.ts";
import { progress } from "./progress.ts";
import { listSteps, type Context, type Options } from "./steps.ts";

/** What a user needs to know once all is up. */
async function conclude({ stack, environmentFile }: Context): Promise<string> {
  const outputs = await readOutputs(stack.name);
  const tools = Object.values(outputs.adminTools ?? {});
  const advice = adviceForNewMember();
  return [
    "",
    renderStatus(await databaseStatus(outputs)),
    "",
    ...tools.map(({ url, user, container }) => `${container}: ${url}, user ${user}`),
    "Passwords are in the stack's state, encrypted; what services need is the output `environment`.",
    "",
    `In a new shell:      source ${environmentFile}`,
    "Read the passwords:  pulumi stack output --show-secrets",
    "Check again:         npm run verify",
    "Stop, keep data:     npm run stop",
    ...(advice === undefined ? [] : ["", advice]),
  ].join("\n");
}

/** What the command line asks for. setup-databases.sh has refused already what can't be understood. */
function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: DEFAULT_STACK },
      "admin-tools": { type: "boolean", default: false },
      "no-install": { type: "boolean", default: false },
      prepare: { type: "boolean", default: false },
    },
  });
  return {
    stack: values.stack,
    adminTools: values["admin-tools"],
    mayInstall: !values["no-install"],
    prepareOnly: values.prepare,
  };
}

async function main(options: Options): Promise<void> {
  stopInOrder();
  const context = {} as Context;
  await new Listr(listSteps(options), {
    ctx: context,
    registerSignalListeners: false,
    ...progress,
  }).run();
  interruption.throwIfAborted();
  console.log(
    options.prepareOnly ? `\nReady. In a new shell: source ${context.environmentFile}` : await conclude(context),
  );
}

const options = readOptions();
main(options).catch((error: Error) => {
  if (interruption.aborted) {
    console.error(
      `\n✖ Stopped, as asked. Nothing is lost; to go on: ${["./setup-databases.sh", ...process.argv.slice(2)].join(" ")}`,
    );
    process.exit(130);
  }
  const message = tell(error);
  const hint = /pulumi \w/.test(message) ? "\nIn a shell where `pulumi` is not known yet: source .trading-db/env" : "";
  console.error(`\n✖ ${message}${hint}`);
  process.exit(1);
});
