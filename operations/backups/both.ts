/**
 * Waits for the ends of both, also where one fails: nothing goes on behind the caller's back.
 * @throws the first's error, or the second's
 */
export async function both<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}
