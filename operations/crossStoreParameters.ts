import type { Document } from "mongodb";
import type { Finding } from "./crossStoreRules.ts";

type Values = Record<string, unknown>;

/** Parameters of a run that its algorithm doesn't take, or that its configuration or the sweep in it didn't give. */
export function parameterViolations(
  given: Values,
  configuration: Document | undefined,
  algorithm: Document | undefined,
): Finding[] {
  return [
    ...(algorithm === undefined ? [] : outsideSchema(given, algorithm["parameter_schema"])),
    ...(configuration === undefined
      ? []
      : [
          ...unlikeConfiguration(given, configuration["parameters"], configuration["sweep"]?.space ?? {}),
          ...outsideSweep(given, configuration["sweep"]?.space ?? {}),
        ]),
  ];
}

function outsideSchema(given: Values, schema: Document[]): Finding[] {
  return Object.entries(given).flatMap(([name, value]): Finding[] => {
    const parameter = schema.find((each) => each["name"] === name);
    if (parameter !== undefined && allows(parameter, value)) return [];
    return [[`parameter ${name}`, "is inside parameter_schema", json(value), parameter ? range(parameter) : null]];
  });
}

function unlikeConfiguration(given: Values, set: Values, space: Values): Finding[] {
  const names = new Set([...Object.keys(given), ...Object.keys(set)].filter((name) => !(name in space)));
  return [...names].flatMap((name): Finding[] => {
    const [stored, expected] = [json(given[name]), json(set[name])];
    return stored === expected ? [] : [[`parameter ${name}`, "is as the configuration sets it", stored, expected]];
  });
}

function outsideSweep(given: Values, space: Record<string, Document>): Finding[] {
  return Object.entries(space).flatMap(([name, axis]): Finding[] => {
    const expected = axis["values"] ? axis["values"].map(json).join(", ") : steps(axis);
    return isOn(axis, given[name])
      ? []
      : [[`parameter ${name}`, "is a point of the sweep", json(given[name]), expected]];
  });
}

function isOn({ values, min, max, step }: Document, value: unknown): boolean {
  if (values) return values.includes(value);
  if (typeof value !== "number" || value < min || value > max) return false;
  const count = (value - min) / step;
  // Steps such as 0.1 have no exact double.
  return Math.abs(count - Math.round(count)) < 1e-9;
}

/** Whether a parameter of an algorithm may have a value. Steps are for sweeps alone. */
function allows({ type, min, max, choices }: Document, value: unknown): boolean {
  if (type === "bool") return typeof value === "boolean";
  if (type === "categorical") return choices.includes(value);
  if (typeof value !== "number" || (type === "int" && !Number.isInteger(value))) return false;
  return min <= value && value <= max;
}

function range({ type, min, max, choices }: Document): string {
  if (type === "bool") return "bool";
  return type === "categorical" ? choices.map(json).join(", ") : `${type} from ${min} to ${max}`;
}

function steps({ min, max, step }: Document): string {
  return `from ${min} to ${max} in steps of ${step}`;
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
