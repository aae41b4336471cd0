import completion from "@bomb.sh/tab/commander";
import { Command, CommanderError, Option } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import project from "../package.json" with { type: "json" };
import { placeOf, readKey, type StackBackups } from "../operations/backups/ofStack.ts";
import { codeOfSignal, stopInOrder, stopsInOrder } from "../operations/backups/signals.ts";
import { environmentFormats } from "../operations/environment.ts";
import { DockerError } from "../migrator/docker.ts";
import { MigrationError } from "../migrator/errors.ts";
import { DEFAULT_STACK } from "../naming.ts";
import { tell, UserError } from "../operations/errors.ts";
import { reset } from "../operations/lifecycle.ts";
import { resetPlan } from "../operations/resetPlan.ts";
import { logLines, logs } from "../operations/logs.ts";
import { recoverMongodb } from "../operations/recoverMongodb.ts";
import { mongosh, psql } from "../operations/shells.ts";
import { openStack, readOutputs, selectedStack } from "../operations/stack.ts";
import { mendState } from "../operations/stateFile.ts";
import { SettingsError } from "../settings.ts";
import { ask } from "./ask.ts";
import * as backupCommands from "./backupCommands.ts";
import { inColours } from "./colours.ts";
import { dockerArguments, logOptions } from "./logOptions.ts";
import { exitCodes, write, type Outcome } from "./outcome.ts";
import { withProgress } from "./progress.ts";
import { resetLines } from "./resetLines.ts";
import * as commands from "./stackCommands.ts";
import { misunderstood } from "./usage.ts";

const program = shared(new Command("trading-db"))
  .description("Runs the databases of a trading system: PostgreSQL and MongoDB of one Pulumi stack.")
  .version(project.version, "-v, --version", "write the version")
  .addHelpText("after", "\nExit codes: 0 done, 1 failed or not healthy, 2 not understood, 130 stopped by Ctrl-C.")
  .configureOutput({ outputError: () => {} })
  .enablePositionalOptions()
  .exitOverride();

interface RestoreOptions {
  to?: string;
  from?: string;
  adopt?: boolean;
  mongodump?: string;
  yes?: boolean;
}

let options: { json?: boolean; stack?: string } = {};
program.hook("preAction", (_program, command) => void (options = command.optsWithGlobals()));
const asJson = () => options.json ?? false;
const stackName = async () => options.stack ?? (await selectedStack());

/** To be called before a stack is read or opened: a run that was killed may have left a part of its state. */
const mend = (name: string) => mendState(name, (step) => console.error(`… ${step}`));
const outputsOf = (name: string) => mend(name).then(() => readOutputs(name));
const open = (name: string) => mend(name).then(() => openStack(name));

/** They may stand before a command and behind it. */
function shared(command: Command): Command {
  return command
    .option("-s, --stack <name>", "another stack than the one that is selected here")
    .option("--json", "write one JSON document instead of words");
}

/** Adds a command. */
function add(usage: string, description: string): Command {
  return shared(program.command(usage)).description(description);
}

/** Adds a command that reads or writes backups. */
function addBackup(usage: string, description: string): Command {
  return add(usage, description).option("--key <file>", "key of age that encrypts and opens them");
}

/** Runs a command on the stack's backups, and writes what it came to. @param folder the default of the stack where undefined */
async function withBackups(folder: string | undefined, act: (target: StackBackups) => Promise<Outcome>): Promise<void> {
  const stack = await stackName();
  const outputs = await outputsOf(stack);
  const { key: file } = options as { key?: string };
  const key = file === undefined ? (outputs.backupKey ?? undefined) : await readKey(file);
  const place = placeOf(stack, outputs, folder);
  write(await withProgress(asJson(), (tell) => act({ stack, outputs, place, key, tell })), asJson());
}

/** Runs a command on the stack, and writes what it came to. */
async function run(act: (run: commands.StackRun) => Outcome | Promise<Outcome>): Promise<void> {
  const stack = await stackName();
  // What takes time is told beside the result, which may be read by a program.
  const tell = (sentence: string) => (asJson() ? undefined : console.log(inColours(sentence, process.stdout)));
  write(await act({ stack, outputs: await outputsOf(stack), tell }), asJson());
}

add("status", "show containers, servers, migrations and disk on one screen")
  .option("-w, --watch", "again every two seconds")
  .action(async ({ watch }: { watch?: boolean }) => {
    if (!watch) return run(commands.status);
    const stack = await stackName();
    const outputs = await outputsOf(stack);
    for (;;) {
      const outcome = await commands.status({ stack, outputs, tell: () => {} });
      if (process.stdout.isTTY && !asJson()) process.stdout.write("\x1b[2J\x1b[H");
      write(outcome, asJson());
      await sleep(2000);
    }
  });
add("verify", "try every user of both databases").action(() => run(commands.verify));
add("doctor", "look for every known fault, and tell the command that mends it; works where nothing else does").action(
  // Without a Pulumi that answers nobody knows which stack is selected.
  async () =>
    write(await commands.doctor(options.stack ?? (await selectedStack().catch(() => DEFAULT_STACK))), asJson()),
);
add("start", "start the containers, and wait until they are healthy").action(() => run(commands.start));
add("stop", "stop the containers; the data stay").action(() => run(commands.stop));
add("restart", "stop, then start").action(() => run(commands.restart));
const logsCommand = add("logs [service]", "show what a container has written, by default PostgreSQL's");
for (const option of logOptions) logsCommand.addOption(option);
logsCommand.action(async (service: string | undefined, given: Record<string, unknown>) => {
  const outputs = await outputsOf(await stackName());
  const [name, args] = [service ?? "postgres", dockerArguments(given)];
  process.exitCode = asJson()
    ? await logLines(outputs, name, args, (line) => console.log(JSON.stringify(line)))
    : logs(outputs, name, args);
});
for (const [name, shell] of Object.entries({ psql, mongosh })) {
  // All that follows is the shell's own: options of ours stand before the command.
  program
    .command(`${name} [options...]`)
    .description(`open ${name} in the server's container, with options of ${name}`)
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (options: string[]) => {
      const end = shell(await outputsOf(await stackName()), options, asJson() ? "pipe" : "inherit");
      if (asJson()) write({ lines: [], data: end, code: end.exitCode }, true);
      else process.exitCode = end.exitCode;
    });
}
add("env", "print what a trading service needs in its environment, secrets in clear")
  .addOption(new Option("-f, --format <format>", "for whom").choices(environmentFormats).default("dotenv"))
  .action(({ format }) => run((target) => commands.env(target, format)));
add("credentials", "show who logs in where, or make new passwords")
  .option("--rotate [names...]", "new passwords for all, or for these")
  .action(({ rotate }: { rotate?: true | string[] }) =>
    run((target) =>
      rotate === undefined ? commands.credentials(target) : commands.rotate(target, rotate === true ? [] : rotate),
    ),
  );
add("activity", "show what the servers are doing").action(() => run(commands.activity));
add("invariants", "check all data against the data model").action(() => run(commands.invariants));
addBackup("backup [folder]", "back both databases up into a new folder of this one (default: backups)")
  .option("--prove", "restore it into scratch servers, and compare")
  .action((folder: string | undefined, { prove }: { prove?: boolean }) => {
    stopInOrder();
    return withBackups(folder, (target) => backupCommands.backup(target, prove ?? false));
  });
add("backups [folder]", "list the backups, and which of them are proven")
  .option("--check", "read every byte of them")
  .option("--keep <backup>", "mark one to stay whatever its age")
  .option("--release <backup>", "take the mark away")
  .action((folder: string | undefined, options: { check?: boolean; keep?: string; release?: string }) =>
    withBackups(folder, (target) => backupCommands.backups(target, options)),
  );
addBackup("restore [backup]", "put both databases back to a backup (default: the newest proven one), or to a time")
  .option("--to <time>", "roll forward to this time, such as 2026-11-27T14:03:00Z, or to `latest`")
  .option("--from <folder>", "where the backups are (default: backups)")
  .option("--adopt", "take a backup of another cluster")
  .addOption(
    new Option("--mongodump <path>", "put MongoDB alone to what mongodump made: a file or a folder").conflicts([
      "to",
      "from",
      "adopt",
      "key",
    ]),
  )
  .option("-y, --yes", "don't ask")
  .action(async (name: string | undefined, { to, from, adopt, yes, mongodump }: RestoreOptions) => {
    if (name !== undefined && mongodump !== undefined)
      throw new UserError(`${mongodump} is no part of the backup ${name}. Name one of them.`);
    const stack = await stackName();
    if (!yes) {
      const what = mongodump === undefined ? "both databases" : "MongoDB";
      const question = `This puts ${what} of stack ${stack} back; what is there now is put aside.\nType the stack's name to go on: `;
      const answer = await ask(question, "Say that you mean it: --yes");
      if (answer !== stack)
        throw new UserError(`"${answer}" is not the name of this stack (${stack}). Nothing was changed.`);
    }
    stopInOrder();
    await withBackups(from, (target) =>
      mongodump === undefined
        ? backupCommands.restore(target, name, to, adopt ?? false)
        : backupCommands.restoreDump(target, mongodump),
    );
  });
addBackup("clone <name> [backup]", "make another stack with the data of a backup (default: the newest proven one)")
  .option("--from <folder>", "where the backups are (default: the stack's place)")
  .action((name: string, backup: string | undefined, { from }: { from?: string }) => {
    stopInOrder();
    return withBackups(from, (target) => backupCommands.clone(target, name, backup));
  });
add("reset [confirmation]", "delete everything of the stack; confirmed by its name").action(
  async (confirmation: string | undefined) => {
    const stack = await open(await stackName());
    const plan = await resetPlan(stack);
    const words = `${resetLines(plan).join("\n")}\n`;
    const confirmed =
      confirmation ??
      (await ask(`${words}Type its name to go on: `, `Name the stack: npx trading-db reset ${stack.name}`));
    // Who named the stack at once has not seen it yet.
    const told = confirmation === undefined ? "" : words;
    await reset(stack, confirmed, () => asJson() || console.log(`${told}… deleting everything of stack ${stack.name}`));
    const lines = [`✔ nothing of stack ${stack.name} is left. A new one: ./setup-databases.sh --stack ${stack.name}`];
    write({ lines, data: { deleted: stack.name, ...plan } }, asJson());
  },
);
add("recover-mongodb", "give MongoDB's root user the password of the stack's state again").action(async () => {
  const stack = await open(await stackName());
  await recoverMongodb(stack);
  const lines = [
    `✔ the root user of MongoDB has the password of this stack's state again. Go on: ./setup-databases.sh --stack ${stack.name}`,
  ];
  write({ lines, data: { recovered: stack.name } }, asJson());
});

// Who reads through `head` or `grep -m` has read enough.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  // A restore that ended here would leave the servers stopped.
  if (stopsInOrder()) return;
  if (code === "EPIPE") process.exit();
  throw new Error(message);
});

// `trading-db completion bash` prints what a shell has to read; it then asks `trading-db complete` at each TAB.
completion(program, { completionCommandName: "completion" });

try {
  await program.parseAsync();
} catch (error) {
  const isUsage = error instanceof CommanderError;
  // Help and the version are no mistakes, and written already.
  if (!isUsage || !/^commander\.(help|version)/.test(error.code)) {
    const message = isUsage ? misunderstood(program, error, "npx trading-db --help").message : worded(error);
    const code = isUsage ? exitCodes.usage : exitCodes.refused;
    write({ lines: [`✖ ${message}`], data: { error: message }, code }, process.argv.includes("--json"));
  }
}
// Also where what was asked for was done all the same: whoever sent the signal waits for its answer.
process.exitCode = codeOfSignal() ?? process.exitCode;

/** @throws the error itself where it is not one for people. */
function worded(error: unknown): string {
  const isKnown = [UserError, SettingsError, MigrationError, DockerError].some((kind) => error instanceof kind);
  if (error instanceof Error && (isKnown || "commandResult" in error)) return tell(error);
  throw error;
}
