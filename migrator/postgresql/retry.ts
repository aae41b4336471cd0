import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import { isPassing } from "./failures.ts";

const tries = 8;
const firstPauseMilliseconds = 500;
const longestPauseMilliseconds = 8000;

/**
 * Tries again what failed for a table that was in use: after 0.5 s, 1 s and so on up to 8 s, each lengthened or shortened
 * by up to a half by chance, so that two who disturb each other don't meet again. Between the tries nothing is held, and
 * nobody queues behind it.
 * @param name what people know it by.
 * @throws what the last of 8 tries threw; other errors at once.
 */
export async function retried<T>(
  name: string,
  tell: (sentence: string) => void,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || failed === tries) throw error;
      const pause = Math.min(firstPauseMilliseconds * 2 ** (failed - 1), longestPauseMilliseconds);
      const chosen = pause * (0.5 + Math.random());
      tell(`${name}: ${messageOf(error)}; trying again in ${(chosen / 1000).toFixed(1)} s.`);
      await sleep(chosen);
    }
  }
}
