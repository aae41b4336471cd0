import type { Document } from "mongodb";
import { unknown, validated, type Schema } from "./model.ts";
import { destructive, warning, type Danger } from "./rules.ts";
import { someOf, tightened } from "./validators.ts";

/** Documents that are there are not checked by collMod, but each later update of one has to keep the rules as a whole. */
export function tighterValidator(command: Document, name: string, schema: Schema): Danger[] {
  const known = schema.get(name);
  const { validator, validationLevel, validationAction } = command;
  const before = known ?? unknown;
  const after = validated(before, command);
  if (after.validationLevel === "off") return [];
  const changes = validator && known ? tightened(before.validator, validator) : [];
  const isUnknown =
    !known && (validator ? !isEmpty(validator) : validationLevel !== undefined || validationAction !== undefined);
  if (isUnknown) changes.push("may ask what none asked before: no migration tells the earlier one");
  if (!isEmpty(after.validator)) {
    if (levels.indexOf(before.validationLevel) < levels.indexOf(after.validationLevel))
      changes.push("holds for documents that it left alone before");
    if (before.validationAction === "warn" && after.validationAction !== "warn")
      changes.push("refuses what it only logged before");
  }
  if (changes.length === 0) return [];
  const refused = after.validationAction === "warn" ? "logged" : "refused";
  const told = `The validator of ${name} ${someOf(changes)}. Documents that break it are kept`;
  if (after.validationLevel === "moderate") {
    const message = `${told} and may be updated, but each new one is ${refused}. Change first the programs that insert them.`;
    return [warning("tighten-validator", message)];
  }
  const danger = after.validationAction === "warn" ? warning : destructive;
  return [
    danger(
      "tighten-validator",
      `${told}, but each later update of one is ${refused}. ` +
        'Mend them in a step before it, or leave them alone with validationLevel: "moderate".',
    ),
  ];
}

/** The weakest first: moderate leaves documents alone that break a rule already. */
const levels = ["off", "moderate", "strict"];

function isEmpty(filter: Document): boolean {
  return Object.keys(filter).length === 0;
}
