import { createInterface } from "node:readline/promises";
import { tell, UserError } from "./errors.ts";
import { backup } from "./backup.ts";
import { activity } from "./inspect.ts";
import { brokenInvariants } from "./invariants.ts";
import { reset, start, stop } from "./lifecycle.ts";
import { logs } from "./logs.ts";
import { recoverMongodb } from "./recoverMongodb.ts";
import { openStack, readOutputs, selectedStack } from "./stack.ts";
import { databaseStatus, renderStatus } from "./statusTable.ts";
import { verify } from "./verify.ts";

/** What `npm run VERB` does, on the stack that is selected in this folder. */
const VERBS: Record<string, (words: string[]) => Promise<void>> = {
  async status() {
    console.log(renderStatus(await databaseStatus(await outputs())));
  },
  async verify() {
    const checks = await verify(await outputs(), ({ name, problem, seconds }) => {
      console.log(
        `${problem === undefined ? "✔" : "✖"} ${name}${problem === undefined ? "" : `: ${problem}`} (${seconds.toFixed(2)} s)`,
      );
    });
    if (checks.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
  },
  async start() {
    for (const name of await start(await outputs())) console.log(`✔ ${name} is healthy`);
  },
  async stop() {
    for (const name of await stop(await outputs())) console.log(`✔ ${name} is stopped; its data stay`);
  },
  async logs([service = "postgres", ...options]) {
    process.exitCode = logs(await outputs(), service, options);
  },
  async backup([folder = "backups"]) {
    console.log(`✔ both databases are in ${await backup(await outputs(), folder)}`);
  },
  async activity() {
    const { sessions, mongodb } = await activity(await outputs());
    if (sessions.length > 0) console.table(sessions);
    else console.log("PostgreSQL has no session but this one.");
    console.log(mongodb);
  },
  async invariants() {
    const { checks, crossStore } = await brokenInvariants(await outputs());
    if (checks.length === 0 && crossStore.length === 0) {
      console.log("✔ the invariants of both databases, and those between them, hold");
      return;
    }
    if (checks.length > 0) console.table(checks);
    if (crossStore.length > 0) console.table(crossStore);
    process.exitCode = 1;
  },
  async reset([confirmation]) {
    const stack = await openStack(await selectedStack());
    const question = `This deletes all containers, networks and volumes of stack ${stack.name}, and all data in them.\nType its name to go on: `;
    const confirmed = confirmation ?? (await ask(question));
    await reset(stack, confirmed, () => console.log(`… deleting everything of stack ${stack.name}`));
    console.log(`✔ nothing of stack ${stack.name} is left. A new one: ./setup-databases.sh --stack ${stack.name}`);
  },
  async "recover:mongodb"() {
    const stack = await openStack(await selectedStack());
    await recoverMongodb(stack);
    console.log(
      `✔ the root user of MongoDB has the password of this stack's state again. Go on: ./setup-databases.sh --stack ${stack.name}`,
    );
  },
};

async function outputs() {
  return readOutputs(await openStack(await selectedStack()));
}

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UserError("There is no terminal to ask on. Name the stack: npm run reset -- STACK");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

const [verb = "", ...words] = process.argv.slice(2);
const act = VERBS[verb];
(act === undefined
  ? Promise.reject(new UserError(`There is no verb "${verb}". There are: ${Object.keys(VERBS).join(", ")}`))
  : act(words)
).catch((error: Error) => {
  console.error(`✖ ${tell(error)}`);
  process.exitCode = 1;
});
