import type { StackOutputs } from "../outputs.ts";
import { mongodbAsService, postgresAs, withBoth } from "./connections.ts";
import { crossStoreViolations } from "./crossStore.ts";
import type { Violation } from "./crossStoreRules.ts";

/** What in a stack's data breaks an invariant: nothing in sound data. */
export interface BrokenInvariants {
  /** Checks of PostgreSQL that find something; each is a view of that name, which lists what it finds. */
  checks: { check_name: string; violations: number }[];
  /** Where PostgreSQL and MongoDB disagree. */
  crossStore: Violation[];
}

/** Checks all data of a stack against the invariants of the data model. Reads everything: minutes on 100 million trades. */
export function brokenInvariants(outputs: StackOutputs): Promise<BrokenInvariants> {
  return withBoth(postgresAs(outputs, "trading_readonly"), mongodbAsService(outputs), async (results, configs) => {
    const { rows } = await results.query("SELECT check_name, violations FROM v_violations WHERE violations > 0");
    return {
      checks: rows.map(({ check_name, violations }) => ({ check_name, violations: Number(violations) })),
      crossStore: await crossStoreViolations(results, configs.db(outputs.mongodb.database)),
    };
  });
}
