import { type Amount, divide, fromCents } from "./amount.ts";

/** What a simulator configuration says about the cost of an order. */
export interface Costs {
  slippageBasisPoints: number;
  commissionPerShare: Amount;
  commissionMinimum: Amount;
}

/** The price of a fill: the market's, made worse by slippage, to a hundredth of a cent. */
export function fillPrice(marketCents: number, side: "buy" | "sell", costs: Costs): Amount {
  const market = fromCents(marketCents);
  const tick = 10_000n;
  const slippage = divide(market * BigInt(costs.slippageBasisPoints), 10_000n * tick) * tick;
  return side === "buy" ? market + slippage : market - slippage;
}

/** Commission of one order. @param quantity whole shares. */
export function commission(quantity: bigint, costs: Costs): Amount {
  const byShare = costs.commissionPerShare * quantity;
  return byShare > costs.commissionMinimum ? byShare : costs.commissionMinimum;
}
