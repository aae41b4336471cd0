import { createInterface } from "node:readline/promises";
import { UserError } from "../operations/errors.ts";

/** @param otherwise what to do where there is no terminal to ask on. */
export async function ask(question: string, otherwise: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UserError(`There is no terminal to ask on. ${otherwise}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
