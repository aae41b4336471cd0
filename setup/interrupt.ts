const anyhow = new AbortController();
const unheard = new AbortController();

/** Aborted when the user, or whoever runs this, wants it to stop. */
export const interruption: AbortSignal = anyhow.signal;

/** Aborted when programs that we started have not heard of it: a terminal's Ctrl-C reaches them, and us, all at once. */
export const relay: AbortSignal = unheard.signal;

/** Turns Ctrl-C, SIGTERM and a closed terminal into an orderly end: what is being done stops, and what was done is kept. */
export function stopInOrder(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      anyhow.abort();
      // A second signal would make Pulumi drop everything at once instead of ending what it began.
      if (signal !== "SIGINT" || !process.stdin.isTTY) unheard.abort();
    });
  }
}
