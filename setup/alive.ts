/** How often work that takes long is named where no terminal shows that it lives, in milliseconds. */
const PULSE = 30_000;

/** Says every half a minute what is still going on, until the work ends. A terminal shows it by itself. */
export async function alive<T>(describe: () => string, say: (line: string) => void, work: Promise<T>): Promise<T> {
  const pulse = setInterval(() => {
    if (!process.stdout.isTTY) say(`${describe()}: still at it`);
  }, PULSE);
  return work.finally(() => clearInterval(pulse));
}
