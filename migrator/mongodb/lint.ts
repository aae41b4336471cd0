import type { Finding, SourceFile } from "../types.ts";
import { allowanceOf } from "./allowances.ts";
import { dangersOf } from "./dangers.ts";
import { foldStep, type Schema } from "./model.ts";
import type { MongoScript } from "./steps.ts";

/**
 * What is dangerous in a pending file. A collection that this run makes has no documents yet: nothing there is dangerous.
 * @param schema as it is before the file; it is brought up to what the file makes of it.
 */
export function lintSteps(file: SourceFile, script: MongoScript, schema: Schema): Finding[] {
  return script.steps.flatMap(({ command, number }) => {
    const dangers = dangersOf(command, schema);
    foldStep(schema, command, true);
    return dangers.map(({ rule, severity, message }): Finding => {
      const wayOn = ` If it is meant, state why in the file: ${allowanceOf(file, rule)}`;
      const allowed = script.allowed.get(rule);
      return {
        rule,
        severity,
        place: `step ${number}`,
        message: severity === "destructive" ? message + wayOn : message,
        ...(allowed !== undefined && { allowed }),
      };
    });
  });
}
