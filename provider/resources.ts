import { isDeepStrictEqual } from "node:util";
import type { dynamic } from "@pulumi/pulumi";
import { LoginRefused, MigrationError, messageOf } from "../migrator/errors.ts";
import { kinds, type ResourceType } from "./kinds.ts";

/** Inputs, or inputs and outputs, with the text of the provider under `__provider`. */
type Properties = Record<string, unknown>;

/**
 * Says at preview what the update is going to do, and refuses what it would refuse: as far as files and Pulumi's state can
 * tell. Where the container is another one, its data may be too, and only the ledger knows what is applied. Never connects.
 */
export async function check(type: ResourceType, olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
  const { preview } = kinds[type];
  const { directory, migrations, containerId } = news;
  if (preview === undefined || !Array.isArray(migrations) || isUnknown([directory, migrations])) {
    return { inputs: news, failures: [] };
  }
  const isSameServer = olds["containerId"] === containerId;
  try {
    const { words, refusals, added } = await preview(olds, news, isSameServer);
    if (words.length > 0) console.log(words.join("\n"));
    return { inputs: { ...news, ...added }, failures: refusals.map((reason) => ({ property: "", reason })) };
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return { inputs: news, failures: [{ property: "", reason: error.message }] };
  }
}

/** Compares inputs, and the text of the provider, which Pulumi renews in the state with a change only. Never connects. */
export function diff(type: ResourceType, olds: Properties, news: Properties): dynamic.DiffResult {
  const keys = inputKeys(type, { ...olds, ...news });
  return { changes: isUnknown(news) || keys.some((key) => !isDeepStrictEqual(olds[key], news[key])) };
}

/** Creating and updating are the same: the database's own ledger says what is left to do. */
export async function create(type: ResourceType, inputs: Properties): Promise<dynamic.CreateResult> {
  return { id: kinds[type].id(inputs), ...(await update(type, inputs)) };
}

/** @param olds inputs and outputs of the last update; none where there was none. */
export async function update(
  type: ResourceType,
  inputs: Properties,
  olds: Properties = {},
): Promise<{ outs: Properties }> {
  return { outs: { ...inputs, ...(await kinds[type].apply(inputs, olds)) } };
}

/**
 * What the database has now. Drift goes into the inputs, because Pulumi shows no other drift to the user.
 * A database that does not answer has not drifted: a warning is given, and the state stays as it is. One that does not
 * let us in is looked at again by the next update, as if it stood in another container.
 */
export async function read(type: ResourceType, id: string, state: Properties): Promise<dynamic.ReadResult> {
  let props = state;
  try {
    const found = await kinds[type].find(state);
    // What is not as it should be is undefined there, and Pulumi takes no such value.
    props = Object.fromEntries(Object.entries({ ...state, ...found }).filter(([, value]) => value !== undefined));
    // A former look's drift may be gone by now.
    if (!("drift" in found)) delete props["drift"];
  } catch (error) {
    if (error instanceof LoginRefused) props = { ...state, containerId: "" };
    console.warn(`${id} was not compared with the database: ${messageOf(error)}`);
  }
  return { id, props, inputs: Object.fromEntries(inputKeys(type, props).map((key) => [key, props[key]])) };
}

function inputKeys(type: ResourceType, properties: Properties): string[] {
  return Object.keys(properties).filter((key) => !kinds[type].outputs.includes(key));
}

/** In a preview Pulumi puts this text in place of every value that is not known yet, whatever its type. */
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function isUnknown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(isUnknown);
  return value === unknownValue;
}
