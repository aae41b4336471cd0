import { Decimal128, Long } from "mongodb";
import { without } from "./schemaMongoCase.ts";

const amount = (text: string) => Decimal128.fromString(text);

const cash = { type: "cash", default_leverage: 1, allow_short: false };
const margin = { type: "margin", default_leverage: 4, maintenance_margin: 0.25, allow_short: true, borrow_rate: 0.03 };
const probabilistic = { type: "probabilistic", prob_fill_on_limit: 0.2, prob_slippage: 0.5 };
const volumeLimited = { type: "volume_limited", volume_limit: 0.1 };
const volumeShare = { type: "volume_share", value: 0.025, price_impact: 0.1 };
const marketImpact = { type: "market_impact", price_impact: 0.1 };
const makerTaker = { type: "maker_taker", maker_rate: -0.0001, taker_rate: 0.0005 };
const perShare = { type: "per_share", per_unit: amount("0.005"), min_per_order: amount("1"), currency: "USD" };
const capped = { ...perShare, max_rate: 0.01 };
const fixed = { type: "fixed", per_order: amount("4.95"), currency: "USD" };
const percent = { type: "percent", rate: 0.001 };
const percentWithLeast = { ...percent, min_per_order: amount("1"), currency: "USD" };
const latency = { base_ns: 0, insert_ns: 1, update_ns: 2, cancel_ns: 3 };

/** One of each type of model that a simulator has and a simulation may override. */
export const soundModels: Record<string, object[]> = {
  account: [cash, margin],
  fill_model: [{ type: "next_open" }, probabilistic, volumeLimited],
  slippage_model: [{ type: "none" }, { type: "fixed_bps", value: 1000 }, volumeShare, marketImpact],
  fee_model: [{ type: "none" }, makerTaker, perShare, capped, fixed, percent, percentWithLeast],
  financing: [{ type: "none" }, { type: "funding_8h", rate: 0.0001 }, { type: "overnight", rate: 0.06 }],
  latency_model: [latency],
};

/** A model with each of the values in a field. */
const each = (model: object, field: string, ...values: unknown[]) =>
  values.map((value) => ({ ...model, [field]: value }));
const noFraction = [-0.1, 1.1, NaN];
const noFeeRate = [-0.2, 0.2, NaN];
const noMoney = [0.005, amount("-1"), amount("1000001"), amount("NaN")];
const noCurrency = ["dollars"];

const bad: Record<string, object[]> = {
  account: [
    ...each(cash, "default_leverage", 2),
    ...each(cash, "allow_short", true),
    ...each(margin, "default_leverage", 0.5, 201),
    ...each(margin, "maintenance_margin", 0, ...noFraction),
    ...each(margin, "borrow_rate", -1.1, 1.1),
    without(margin, "borrow_rate"),
  ],
  fill_model: [
    ...each(probabilistic, "prob_fill_on_limit", ...noFraction),
    ...each(probabilistic, "prob_slippage", ...noFraction),
    without(probabilistic, "prob_fill_on_limit"),
    ...each(volumeLimited, "volume_limit", 0, ...noFraction),
    { ...volumeLimited, type: "next_open" },
  ],
  slippage_model: [
    { type: "none", value: 1 },
    ...each({ type: "fixed_bps" }, "value", 0, -1, 1001, NaN),
    ...each({ type: "ticks" }, "value", 0, -1, 1001),
    ...each(volumeShare, "value", ...noFraction),
    ...each(volumeShare, "price_impact", ...noFraction),
    without(volumeShare, "value"),
    without(volumeShare, "price_impact"),
    ...each(marketImpact, "price_impact", ...noFraction),
    without(marketImpact, "price_impact"),
  ],
  fee_model: [
    { type: "none", rate: 0.001 },
    ...each(makerTaker, "maker_rate", ...noFeeRate),
    ...each(makerTaker, "taker_rate", ...noFeeRate),
    without(makerTaker, "maker_rate"),
    ...each(perShare, "per_unit", ...noMoney),
    ...each(perShare, "min_per_order", ...noMoney),
    ...each(perShare, "currency", ...noCurrency),
    ...each(perShare, "max_rate", ...noFraction),
    ...each(perShare, "maker_rate", 0.001),
    ...each(fixed, "per_order", ...noMoney),
    ...each(fixed, "currency", ...noCurrency),
    without(fixed, "per_order"),
    ...each(percent, "rate", ...noFeeRate),
    without(percent, "rate"),
    ...each(percentWithLeast, "min_per_order", ...noMoney),
    ...each(percentWithLeast, "currency", ...noCurrency),
    without(percentWithLeast, "currency"),
    without(percentWithLeast, "min_per_order"),
  ],
  financing: [
    { type: "none", rate: 0 },
    { type: "overnight" },
    ...each({ type: "funding_8h" }, "rate", -1.1, 1.1, NaN),
    ...each({ type: "overnight" }, "rate", -1.1, 1.1, NaN),
  ],
};

const badLatencies = Object.keys(latency).flatMap((field): [string, object, string][] => [
  ["latency_model", { ...latency, [field]: -1 }, `.${field}: minimum`],
  ["latency_model", { ...latency, [field]: Long.fromString("60000000001") }, `.${field}: maximum`],
]);

/** Field, a model that is nonsense there, and what MongoDB says of it after the field's name. */
export const badModels: [string, object, string][] = [
  ...Object.entries(bad).flatMap(([field, models]) =>
    [...models, ...(soundModels[field] ?? []).map((model) => ({ ...model, type: "wishful" }))].map(
      (model): [string, object, string] => [field, model, ": oneOf"],
    ),
  ),
  ...badLatencies,
];
