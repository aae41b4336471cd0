import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { execute } from "../../support/project.ts";

// `trading-db` where no stack is needed.
const tradingDb = (...args: string[]) => execute(process.execPath, ["cli/main.ts", ...args]);

test.each(["--version", "-v"])("%s writes the version of the package", async (option) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(await tradingDb(option)).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help lists every command with what it does", async () => {
  expect(await tradingDb("--help")).toEqual({
    code: 0,
    stderr: "",
    stdout: `Usage: trading-db [options] [command]

Runs the databases of a trading system: PostgreSQL and MongoDB of one Pulumi
stack.

Options:
  -s, --stack <name>               another stack than the one that is selected
                                   here
  --json                           write one JSON document instead of words
  -v, --version                    write the version
  -h, --help                       display help for command

Commands:
  status [options]                 show containers, servers, migrations and disk
                                   on one screen
  verify [options]                 try every user of both databases
  doctor [options]                 look for every known fault, and tell the
                                   command that mends it; works where nothing
                                   else does
  start [options]                  start the containers, and wait until they are
                                   healthy
  stop [options]                   stop the containers; the data stay
  restart [options]                stop, then start
  logs [options] [service]         show what a container has written, by default
                                   PostgreSQL's
  psql [options...]                open psql in the server's container, with
                                   options of psql
  mongosh [options...]             open mongosh in the server's container, with
                                   options of mongosh
  env [options]                    print what a trading service needs in its
                                   environment, secrets in clear
  credentials [options]            show who logs in where, or make new passwords
  activity [options]               show what the servers are doing
  invariants [options]             check all data against the data model
  backup [options] [folder]        back both databases up into a new folder of
                                   this one (default: backups)
  backups [options] [folder]       list the backups, and which of them are
                                   proven
  restore [options] [backup]       put both databases back to a backup (default:
                                   the newest proven one), or to a time
  clone [options] <name> [backup]  make another stack with the data of a backup
                                   (default: the newest proven one)
  reset [options] [confirmation]   delete everything of the stack; confirmed by
                                   its name
  recover-mongodb [options]        give MongoDB's root user the password of the
                                   stack's state again
  completion <shell>               Generate shell completion scripts
  help [command]                   display help for command

Exit codes: 0 done, 1 failed or not healthy, 2 not understood, 130 stopped by Ctrl-C.
`,
  });
});

test("every command is an npm script, too", async () => {
  const { stdout } = await tradingDb("--help");
  const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) .* {2}/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(15);
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const name of names.filter((name) => name !== "completion" && name !== "help"))
    expect(scripts[name.replace("recover-", "recover:")]).toBe(`setup/with-env node cli/main.ts ${name}`);
});
