import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measurePulumi } from "./pulumi.ts";
import { ratio, renderTable, summarise, type Figures, type Run } from "./report.ts";
import { buildRivals, measureCompose, measureTerraform, terraformVersion } from "./rivals.ts";

const HELP = `npm run bench -- [stack] [--runs N] [--json]
npm run bench -- migrations [--runs N] [--json] [--only TEXT] [--scale FACTOR] [--ours FOLDER]
npm run bench -- backups [--runs N] [--json] [--scale FACTOR]

Measures this project beside docker compose, and terraform where there is one, on names and ports of their own; or its
migrations beside other tools, or its backups beside the servers' own tools, on databases of their own: with --only the
contests whose title has TEXT, with --scale a part of all the data, to see that all works, with --ours the engine of
another checkout.
Each figure is the median of N runs (default 5). docs/speed.md says what exactly is measured.`;

/** What is wanted: the highest ratio of one of Pulumi's figures to another tool's, or the highest number of seconds. */
const WANTED: { measure: keyof Figures; rival?: string; most: number }[] = [
  { measure: "containers", rival: "docker compose", most: 2.5 },
  { measure: "schema", most: 2 },
  { measure: "noop", rival: "terraform", most: 0.75 },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    only: { type: "string" },
    scale: { type: "string", default: "1" },
    ours: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
} else if (positionals.length > 1 || !["stack", "migrations", "backups", undefined].includes(positionals[0])) {
  console.error(
    `There is no benchmark "${positionals.join(" ")}". There are stack, the default, migrations and backups.`,
  );
  process.exitCode = 1;
} else if (!(Number(values.scale) > 0 && Number(values.scale) <= 1)) {
  console.error(`--scale is "${values.scale}" but must be above 0 and at most 1.`);
  process.exitCode = 1;
} else if (!/^[1-9]\d*$/.test(values.runs)) {
  console.error(`--runs is "${values.runs}" but must be a whole number from 1.`);
  process.exitCode = 1;
} else {
  // Ctrl-C ends the commands that are being measured; what they made is still removed before the bench ends.
  process.once("SIGINT", () => {});
  try {
    const [runs, { json, only, ours }] = [Number(values.runs), values];
    if (positionals[0] === "migrations") {
      const { benchMigrations } = await import("./migrations.ts");
      await benchMigrations({ runs, json, scale: Number(values.scale), only, ours });
    } else if (positionals[0] === "backups") {
      const { benchBackups } = await import("./backups.ts");
      await benchBackups(runs, json, Number(values.scale));
    } else await bench(runs, json);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

async function bench(count: number, json: boolean): Promise<void> {
  const rivals = buildRivals();
  const terraform = terraformVersion();
  const runs: Run[] = [];
  for (let number = 1; number <= count; number++) {
    const load = loadavg()[0]!;
    console.error(`run ${number} of ${count}, load ${load.toFixed(1)}`);
    const tools: Run["tools"] = { pulumi: await measurePulumi(), "docker compose": await measureCompose(rivals) };
    if (terraform !== undefined) tools["terraform"] = await measureTerraform(rivals);
    runs.push({ load, tools });
  }
  const machine = { cores: cpus().length, processor: cpus()[0]!.model, terraform: terraform ?? null };
  console.log(json ? JSON.stringify({ machine, wanted: judge(runs), summary: summarise(runs), runs }) : report(runs));
}

/** What is wanted beside what was measured; a comparison with a tool that isn't there is left out. */
function judge(runs: Run[]) {
  return WANTED.map(({ measure, rival, most }) => {
    const value =
      rival === undefined ? summarise(runs)["pulumi"]?.[measure]?.seconds : ratio(runs, measure, "pulumi", rival);
    return { measure, rival, most, value };
  }).filter(({ value }) => value !== undefined);
}

function report(runs: Run[]): string {
  const verdicts = judge(runs).map(({ measure, rival, most, value }) => {
    const [unit, of] = rival === undefined ? [" s", ""] : ["x", ` ${rival}'s`];
    const verdict = value! <= most ? "as wanted" : "MISSED";
    return `${measure}: ${value!.toFixed(2)}${unit}${of}, wanted at most ${most}${unit}: ${verdict}`;
  });
  const loads = runs.map(({ load }) => load.toFixed(1)).join(" ");
  const head = `median of ${runs.length} runs on ${cpus().length} cores, loads ${loads}; (x) is the ratio to docker compose`;
  return [head, renderTable(runs), ...verdicts].join("\n");
}
