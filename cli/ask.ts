import { createInterface } from "node:readline/promises";
import { UserError } from "../operations/errors.ts";

/** @param otherwise what to do where there is no terminal to ask on. */
export async function ask(question: string, otherwise: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UserError(`There is no terminal to ask on. ${otherwise}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Readline keeps the signal to itself.
  terminal.on("SIGINT", () => {
    terminal.close();
    process.kill(process.pid, "SIGINT");
  });
  try {
    return await terminal.question(question);
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
    throw new UserError("There was no answer. Nothing was changed.");
  } finally {
    terminal.close();
  }
}
