import { constants } from "node:os";
import { messageOf } from "../../migrator/errors.ts";

const anyhow = new AbortController();
const unheard = new AbortController();
let first: "SIGINT" | "SIGTERM" | "SIGHUP" | undefined;
let isInOrder = false;

/** Aborted when the user, or whoever runs this, wants it to stop. */
export const interruption: AbortSignal = anyhow.signal;

/** Aborted when programs that we started have not heard of it: a terminal's Ctrl-C reaches them, and us, all at once. */
export const relay: AbortSignal = unheard.signal;

/** Turns Ctrl-C, SIGTERM and a closed terminal into an orderly end: what is being done stops, and what was done is kept. */
export function stopInOrder(): void {
  isInOrder = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      first ??= signal;
      anyhow.abort();
      // A second signal would make Pulumi drop everything at once instead of ending what it began.
      if (signal !== "SIGINT" || !process.stdin.isTTY) unheard.abort();
    });
  }
}

/** Whether this process is one that must not end before it has put things in order. */
export const stopsInOrder = () => isInOrder;

/** The exit code by which a shell knows that a signal ended a program; undefined where none came. */
export const codeOfSignal = () => first && 128 + constants.signals[first];

/** Why something failed, in a sentence: programs that a signal ended have nothing to say of it. */
export function reasonOf(error: unknown): string {
  return interruption.aborted ? "Stopped, as asked." : messageOf(error);
}
