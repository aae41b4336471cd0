import { equityFaults } from "./tradingFaultsOfEquity.ts";
import { metricFaults } from "./tradingFaultsOfMetrics.ts";
import { rowFaults } from "./tradingFaultsOfRows.ts";
import { storageFaults } from "./tradingFaultsOfStorage.ts";

/** What a check view says of a fault: [subject, rule, stored, expected]. */
export type Violation = [string | null, string, string | null, string | null];

export interface Fault {
  view: string;
  fault: string;
  /** Who plants it: the owner, unless only the superuser can. */
  as?: "postgres";
  /** Statements that plant it; $run stands for the sample's run_id. */
  plant: string;
  violations: Violation[];
}

/** Every way in which the sample run and its tables can be spoilt, by the view that has to find it. */
export const faults: Fault[] = [...metricFaults, ...equityFaults, ...rowFaults, ...storageFaults];
