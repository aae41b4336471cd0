/** Money and prices are integers of 1e-8, the scale of the database, so that every sum is exact. */
export type Amount = bigint;

const unit = 100_000_000n;

/** @param text a decimal number of at most 8 decimals, such as "0.005". */
export function parseAmount(text: string): Amount {
  const [whole = "", decimals = ""] = text.split(".");
  return BigInt(whole + decimals.padEnd(8, "0"));
}

export function fromCents(cents: number): Amount {
  return BigInt(cents) * 1_000_000n;
}

/** For ratios only: a double holds about 16 digits. */
export function toNumber(amount: Amount): number {
  return Number(amount) / Number(unit);
}

/** As SQL writes it, without needless zeros: "-12.5". */
export function formatAmount(amount: Amount): string {
  const size = amount < 0n ? -amount : amount;
  const decimals = (size % unit).toString().padStart(8, "0").replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${size / unit}${decimals === "" ? "" : `.${decimals}`}`;
}

export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/** Division rounded half away from zero, as numeric columns round. */
export function divide(amount: Amount, divisor: bigint): Amount {
  const half = divisor / 2n;
  return (amount < 0n ? amount - half : amount + half) / divisor;
}
