import { rm, writeFile } from "node:fs/promises";
import { messageOf } from "../../migrator/errors.ts";

/** What of a backup container fails now. A file that is there while nothing does is what Docker's health check looks at. */
export class Health {
  readonly #file: string;
  readonly #problems = new Map<string, string>();
  readonly #parts = new Set<string>();
  readonly #tell: (sentence: string) => void;

  constructor(file: string, tell: (sentence: string) => void) {
    this.#file = file;
    this.#tell = tell;
  }

  /** Runs a part of the work: its failure stands until it ends well, or says so itself. */
  async watch(part: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      await this.set(part, undefined);
    } catch (error) {
      await this.set(part, messageOf(error));
      throw error;
    }
  }

  /** Whether a part has done its work by now, and its last try did not fail. */
  works(part: string): boolean {
    return this.#parts.has(part) && !this.#problems.has(part);
  }

  /** @param problem undefined where the part works */
  async set(part: string, problem: string | undefined): Promise<void> {
    if (this.#problems.get(part) !== problem) this.#tell(`${part}: ${problem ?? "works again"}`);
    this.#parts.add(part);
    if (problem === undefined) this.#problems.delete(part);
    else this.#problems.set(part, problem);
    if (this.#problems.size === 0) await writeFile(this.#file, "");
    else await rm(this.#file, { force: true });
  }
}
