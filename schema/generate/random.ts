/** A stream of standard normal numbers. */
export type Normal = () => number;

/**
 * Pseudo-random normal numbers from a seed, the same on every machine: only integer operations, sums and exact
 * divisions, because the last digit of a logarithm or cosine may differ between JavaScript engines.
 * Twelve uniform numbers less six are close enough to normal for sample data.
 */
export function normalNumbers(seed: number): Normal {
  const uniform = mulberry32(seed);
  return () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6);
}

/** Mulberry32: 32 bits of state, uniform in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
