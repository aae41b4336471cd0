import type { Command, CommanderError } from "commander";
import { listed } from "../migrator/errors.ts";
import { UserError } from "../operations/errors.ts";

/**
 * What is wrong with a command line, in a sentence.
 * @param help command that shows what is understood.
 */
export function misunderstood({ args, commands }: Command, { message }: CommanderError, help: string): UserError {
  const [name = "-"] = args;
  // Shells ask it, people don't.
  const names = commands.map((command) => command.name()).filter((name) => name !== "complete");
  if (!name.startsWith("-") && !names.includes(name)) {
    return new UserError(`There is no command "${name}". There are ${listed(names)}.`);
  }
  const [problem = ""] = message.replace(/^error: /, "").split("\n");
  return new UserError(`Not understood: ${problem.replace(/\.$/, "")}. See: ${help}`);
}
