import { docker } from "../../migrator/docker.ts";
import type { StackOutputs } from "../../outputs.ts";
import { WHOLE } from "../backups/generation.ts";
import { dataPaths } from "../backups/scratch.ts";
import { PREVIOUS } from "../backups/switch.ts";
import { tradingDb, type Check } from "./check.ts";

/** What lies in both data volumes, of which a restore that was ended may have switched one. */
export function restoreChecks(stack: string, { postgres, mongodb }: StackOutputs): Check[] {
  const generationsIn = async (container: string, path: string) =>
    (await docker(["exec", container, "ls", "-1", path])).trim().split("\n");
  return [
    {
      name: "both databases are of the same restore",
      async look() {
        const [results, configs] = await Promise.all([
          generationsIn(postgres.container, dataPaths.postgresql),
          generationsIn(mongodb.container, dataPaths.mongodb),
        ]);
        if (!isAhead(results, configs) && !isAhead(configs, results)) return undefined;
        const [first, second] = isAhead(results, configs) ? ["PostgreSQL", "MongoDB"] : ["MongoDB", "PostgreSQL"];
        return {
          problem: `A restore was ended between its two databases: ${first} holds what was restored, and ${second} what was there before. Run that restore again, or the newest backup's.`,
          cure: tradingDb(stack, "restore --yes"),
        };
      },
    },
  ];
}

/** Whether one volume was switched to what was restored, and the other still has it beside its data. */
function isAhead(one: string[], other: string[]): boolean {
  const former = one.filter((name) => name.startsWith(PREVIOUS));
  return other.includes(WHOLE) && !one.includes(WHOLE) && former.some((name) => !other.includes(name));
}
