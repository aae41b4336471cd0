/**
 * Says now and then what is still going on, until the work ends. A terminal shows by itself that it lives.
 *
 * @param describe what is going on at the moment; nothing is said of ""
 * @param pulse how often, in milliseconds @default half a minute
 */
export async function alive<T>(
  describe: () => string,
  say: (line: string) => void,
  work: Promise<T>,
  pulse = 30_000,
): Promise<T> {
  const beat = setInterval(() => {
    const going = describe();
    if (!process.stdout.isTTY && going !== "") say(`${going}: still at it`);
  }, pulse);
  return work.finally(() => clearInterval(beat));
}
