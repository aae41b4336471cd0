import type { Normal } from "./random.ts";

/** Prices of one session in whole cents. */
export interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
}

/** Where a synthetic instrument is listed and how it moves. Drift and volatilities are fractions a day. */
interface Instrument {
  venue: string;
  firstPrice: number;
  drift: number;
  /** Move for one standard deviation of what all instruments share. */
  shared: number;
  /** Standard deviation of what it does by itself. */
  own: number;
}

/** Shaped like the funds of these names; the prices are invented. Bonds lean against shares. */
const instruments: Record<string, Instrument> = {
  QQQ: { venue: "XNAS", firstPrice: 28_000, drift: 0.0009, shared: 0.0105, own: 0.005 },
  SPY: { venue: "ARCX", firstPrice: 39_500, drift: 0.0007, shared: 0.0075, own: 0.002 },
  TLT: { venue: "XNAS", firstPrice: 10_400, drift: -0.0001, shared: -0.002, own: 0.009 },
};

/** The venue that lists a symbol. */
export function venueOf(symbol: string): string {
  return instrumentOf(symbol).venue;
}

/**
 * Random walks that move together, both ways from the first prices: read backwards, a random walk is one too.
 * So a longer history leaves what comes after it as it was.
 * @param history sessions before the first prices. @param future sessions after them.
 * @returns for each symbol one bar a session.
 * @throws Error for a symbol without a model.
 */
export function dailyBars(symbols: readonly string[], history: number, future: number, normal: Normal) {
  const after = walk(symbols, future, normal);
  const before = walk(symbols, history, normal);
  return Object.fromEntries(
    symbols.map((symbol) => [symbol, [...backwards(before[symbol] as Bar[]), ...(after[symbol] as Bar[])]]),
  );
}

function backwards(bars: readonly Bar[]): Bar[] {
  return bars.toReversed().map(({ open, close, ...range }) => ({ open: close, close: open, ...range }));
}

/** A third of each day's variance comes overnight, the rest between open and close. */
function walk(symbols: readonly string[], sessionCount: number, normal: Normal): Record<string, Bar[]> {
  const bars: Record<string, Bar[]> = Object.fromEntries(symbols.map((symbol) => [symbol, []]));
  for (let index = 0; index < sessionCount; index += 1) {
    const overnight = normal();
    const day = normal();
    for (const symbol of symbols) {
      const instrument = instrumentOf(symbol);
      const previous = bars[symbol]?.at(-1)?.close ?? instrument.firstPrice;
      const open = moved(previous, 0, Math.sqrt(1 / 3), overnight, instrument, normal);
      const close = moved(open, instrument.drift, Math.sqrt(2 / 3), day, instrument, normal);
      const reach = instrument.own / 2;
      bars[symbol]?.push({
        open,
        close,
        high: Math.round(Math.max(open, close) * (1 + reach * Math.abs(normal()))),
        low: Math.round(Math.min(open, close) * (1 - reach * Math.abs(normal()))),
      });
    }
  }
  return bars;
}

function instrumentOf(symbol: string): Instrument {
  const instrument = instruments[symbol];
  if (instrument === undefined) {
    throw new Error(`There is no price model for ${symbol}; prices.ts has ${Object.keys(instruments).join(", ")}.`);
  }
  return instrument;
}

function moved(price: number, drift: number, scale: number, market: number, instrument: Instrument, normal: Normal) {
  return Math.round(price * (1 + drift + scale * (instrument.shared * market + instrument.own * normal())));
}
