import type { ResetPlan } from "../operations/resetPlan.ts";

/** What somebody has to know before a reset. */
export function resetLines({ containers, networks, volumes, place, lastBackup }: ResetPlan): string[] {
  return [
    "This deletes, with all data in them:",
    `  volumes     ${volumes.join(", ") || "none"}`,
    `  containers  ${containers.join(", ") || "none"}`,
    `  networks    ${networks.join(", ") || "none"}`,
    lastBackup === null
      ? `There is NO good backup in ${place}. To make one first: npx trading-db backup --prove`
      : `The last good backup is ${lastBackup.name} (${lastBackup.state}), and stays in ${place}.`,
  ];
}
