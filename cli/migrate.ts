import { Command, CommanderError, Option } from "commander";
import { UserError } from "../operations/errors.ts";
import * as commands from "./commands.ts";
import { outcomeOf, write, type Outcome } from "./outcome.ts";
import { targetOf, targetOfStack } from "./target.ts";
import { misunderstood } from "./usage.ts";

interface Options {
  databaseUrl?: string;
  engine?: string;
  directory?: string;
  wait: string;
  json?: boolean;
}

const program = new Command("migrate")
  .description("Migrates a PostgreSQL or MongoDB database by the files of a folder.")
  .addOption(new Option("--database-url <url>", "postgres://... or mongodb://...").env("DATABASE_URL"))
  .option("--engine <engine>", "instead of a URL: postgresql or mongodb of the selected stack")
  .option("--directory <folder>", "folder of the files (default: schema/ENGINE/migrations, or seeds)")
  .option("--wait <seconds>", "how long another run is waited for", "60")
  .option("--json", "write one JSON document instead of words")
  .addHelpText(
    "after",
    "\nExit codes: 0 done, 1 refused or failed, 2 not understood, 3 plan or drift found something, " +
      "4 another run holds the lock, 5 the database can't be reached.",
  )
  // What is wrong is written as every other outcome is: see the end.
  .configureOutput({ outputError: () => {} })
  .exitOverride();

/** Runs a command on the database that the options name, and writes what it came to. */
async function run(act: (run: commands.Run) => Promise<Outcome>, folder = "migrations"): Promise<void> {
  const options = program.opts<Options>();
  let outcome: Outcome;
  try {
    const target = await targetOfOptions(options);
    const lockWait = Number(options.wait);
    if (!/^\d+(\.\d+)?$/.test(options.wait))
      throw new UserError(`--wait is "${options.wait}", and has to be a number of seconds.`);
    const directory = options.directory ?? `schema/${target.engine}/${folder}`;
    // What takes time is told beside the result, which may be read by a program.
    const tell = (sentence: string) => console.error(sentence);
    outcome = await act({ ...target, directory, lockWait, tell });
    if (outcome.behindPulumi && options.engine !== undefined) {
      outcome.lines.push("Pulumi's state does not know of it yet. Tell it: pulumi refresh");
    }
  } catch (error) {
    outcome = outcomeOf(error, options.engine === undefined);
  }
  write(outcome, options.json ?? false);
}

function targetOfOptions({ databaseUrl, engine }: Options) {
  // A URL of the environment may be there for other programs.
  if (engine !== undefined && program.getOptionValueSource("databaseUrl") === "cli") {
    throw new UserError("--database-url and --engine both name a database. Give one of them.");
  }
  if (engine !== undefined) return targetOfStack(engine);
  if (databaseUrl !== undefined) return targetOf(databaseUrl);
  throw new UserError(
    "Which database? Give --database-url postgres://... (or set DATABASE_URL), or --engine postgresql for that of the stack.",
  );
}

program
  .command("up", { isDefault: true })
  .description("apply what is pending")
  .action(() => run(commands.up));
program
  .command("plan")
  .description("say what `up` would do")
  .action(() => run(commands.plan));
program
  .command("status")
  .description("list what is applied")
  .action(() => run(commands.status));
program
  .command("drift")
  .description("compare the schema with what the migrations made")
  .action(() => run(commands.drift));
program
  .command("down")
  .description("take the last migration back")
  .option("--to <migration>", 'take back all after this one; "" takes all back')
  .option("--lose-data", "do it also where data go with it")
  .action(({ to, loseData }) => run((target) => commands.down(target, to, loseData ?? false)));
program
  .command("baseline <migration>")
  .description("count migrations up to this one as applied, without running them")
  .action((to) => run((target) => commands.baseline(target, to)));
program
  .command("repair <migrations...>")
  .description("accept files of which only comments were edited")
  .action((names) => run((target) => commands.repair(target, names)));
program
  .command("adopt <folder>")
  .description("take over a folder of SQL migrations from another tool")
  .requiredOption("--table <table>", "table in which that tool notes what is applied, such as public.pgmigrations")
  .action((folder, { table }) => run((target) => commands.adopt(target, folder, table)));
program
  .command("seed [sets...]")
  .description("insert the seeds of these sets (default: default)")
  .option("--overwrite", "let edited seeds win over what users changed")
  .action((sets: string[], { overwrite }) =>
    run((target) => commands.seed(target, sets.length > 0 ? sets : ["default"], overwrite ?? false), "seeds"),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help is no mistake, and written already.
  if (!error.code.startsWith("commander.help")) {
    write(outcomeOf(misunderstood(program, error, "npm run migrate -- --help"), true), process.argv.includes("--json"));
  }
}
