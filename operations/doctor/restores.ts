import { docker } from "../../migrator/docker.ts";
import type { StackOutputs } from "../../outputs.ts";
import { listBackups } from "../backups/catalog.ts";
import { restoreOf, WHOLE } from "../backups/generation.ts";
import { placeOf } from "../backups/ofStack.ts";
import { dataPaths } from "../backups/scratch.ts";
import { PREVIOUS } from "../backups/switch.ts";
import { inspectContainers } from "../containers.ts";
import { tradingDb, type Check } from "./check.ts";

/** What lies in both data volumes beside the data that are in use, where restores leave it. */
export function restoreChecks(stack: string, outputs: StackOutputs): Check[] {
  return [
    {
      name: "both databases are of the same restore",
      async look() {
        const ahead = findAhead(await listVolumes(outputs));
        if (ahead === undefined) return undefined;
        const behind = ahead === "PostgreSQL" ? "MongoDB" : "PostgreSQL";
        return {
          problem: `A restore was ended between its two databases: ${ahead} holds what was restored, and ${behind} what was there before. Run that restore again, or the newest backup's.`,
          cure: tradingDb(stack, "restore --yes"),
        };
      },
    },
    {
      name: "what a restore put aside is gone where a newer backup is proven",
      async look() {
        const volumes = await listVolumes(outputs);
        const former = [...volumes.results, ...volumes.configs].filter((name) => name.startsWith(PREVIOUS)).sort();
        const last = former.at(-1)?.slice(PREVIOUS.length);
        // The restore that is told above has to be run again first.
        if (last === undefined || findAhead(volumes) !== undefined) return undefined;
        const proven = (await listBackups(placeOf(stack, outputs))).find(({ state }) => state === "proven");
        if (proven === undefined || proven.name < last) return undefined;
        return {
          problem: `What a restore put aside still takes ${await sizeOf(outputs, ["-name", `${PREVIOUS}*`])} MiB of the volumes, though the backup ${proven.name} was taken since, and is proven.`,
          // A schedule's container reaches no volume of a server: only a command of this host removes anything there.
          cure: tradingDb(stack, "backup --prove"),
        };
      },
    },
    {
      name: "no restore that was killed takes room",
      async look() {
        const size = await sizeOf(outputs, UNUSED);
        if (size === undefined || findAhead(await listVolumes(outputs)) !== undefined || (await isUnderWay(outputs)))
          return undefined;
        const removal = (container: string, path: string) => `docker exec ${container} sh -c 'rm -rf ${path}/restor*'`;
        const { postgres, mongodb } = outputs;
        return {
          problem: `A restore that was killed left ${size} MiB in the volumes, which nothing uses.`,
          cure: `${removal(postgres.container, dataPaths.postgresql)} && ${removal(mongodb.container, dataPaths.mongodb)}`,
        };
      },
    },
  ];
}

/** Names of what lies in each data volume. */
interface Volumes {
  results: string[];
  configs: string[];
}

async function listVolumes(outputs: StackOutputs): Promise<Volumes> {
  const [results, configs] = await inVolumes(outputs, ["-printf", "%f\\n"]);
  return { results: results.split("\n"), configs: configs.split("\n") };
}

/** What a restore makes before its switch. That takes place without the container that is asked for below. */
const UNUSED = ["(", "-name", "restoring*", "-o", "-name", WHOLE, "-cmin", "+10", ")"];

async function isUnderWay({ postgres, mongodb }: StackOutputs): Promise<boolean> {
  return (await inspectContainers([postgres, mongodb].map(({ dataVolume }) => restoreOf(dataVolume)))).length > 0;
}

/** In mebibytes, of both volumes; undefined where nothing is found. @param expression of `find` */
async function sizeOf(outputs: StackOutputs, expression: string[]): Promise<number | undefined> {
  const lines = await inVolumes(outputs, [...expression, "-exec", "du", "-sm", "{}", "+"]);
  const sizes = [...lines.join("\n").matchAll(/^\d+/gm)];
  return sizes.length === 0 ? undefined : sizes.reduce((sum, [size]) => sum + Number(size), 0);
}

/** Runs `find` on what lies in each data volume. @returns what it wrote in PostgreSQL's, and in MongoDB's */
function inVolumes({ postgres, mongodb }: StackOutputs, expression: string[]): Promise<[string, string]> {
  const find = (container: string, path: string) =>
    docker(["exec", container, "find", path, "-mindepth", "1", "-maxdepth", "1", ...expression]);
  return Promise.all([find(postgres.container, dataPaths.postgresql), find(mongodb.container, dataPaths.mongodb)]);
}

/** The database that was switched to what was restored, where the other one still has that beside its data. */
function findAhead({ results, configs }: Volumes): "PostgreSQL" | "MongoDB" | undefined {
  if (isAhead(results, configs)) return "PostgreSQL";
  return isAhead(configs, results) ? "MongoDB" : undefined;
}

/** Whether one volume was switched to what was restored, and the other still has it beside its data. */
function isAhead(one: string[], other: string[]): boolean {
  const former = one.filter((name) => name.startsWith(PREVIOUS));
  return other.includes(WHOLE) && !one.includes(WHOLE) && former.some((name) => !other.includes(name));
}
