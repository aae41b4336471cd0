/**
 * Relative strength index with Wilder's smoothing.
 * @returns one value (0..100) for each close; undefined until `period` changes are known.
 */
export function relativeStrength(closes: readonly number[], period: number): (number | undefined)[] {
  let gain = 0;
  let loss = 0;
  return closes.map((close, index) => {
    const change = close - (closes[index - 1] ?? close);
    // Until `period` changes are known their mean is summed up; from then on the past fades.
    const past = index <= period ? 1 : (period - 1) / period;
    gain = gain * past + Math.max(change, 0) / period;
    loss = loss * past + Math.max(-change, 0) / period;
    if (index < period) return undefined;
    return gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
  });
}
