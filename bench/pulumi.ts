import { verify } from "../operations/verify.ts";
import { makeProject, type Project } from "../tests/support/project.ts";
import type { Figures } from "./report.ts";
import { time } from "./stopwatch.ts";

/** What the program waits for before it migrates: a server answers its superuser, and has the roles or users asked for. */
const READY = [/PostgresRoles \S+ created \(/, /MongoUsers \S+ created \(/];

/** Measures a stack of this project, from nothing to verified, and what an `up` of it costs when nothing is to do. */
export async function measurePulumi(): Promise<Figures> {
  const project = await makeProject({ sampleData: "true" });
  try {
    const { ready, up } = await bringUp(project);
    const outputs = await project.outputs();
    const started = performance.now();
    const failed = (await verify(outputs)).filter(({ problem }) => problem !== undefined);
    const verified = (performance.now() - started) / 1000;
    if (failed.length > 0) throw new Error(failed.map(({ name, problem }) => `${name}: ${problem}`).join("\n"));
    return {
      containers: ready,
      schema: up - ready + verified,
      noop: await time(pulumiUp(project, "--expect-no-changes")),
      refreshing: await time(pulumiUp(project, "--expect-no-changes", "--refresh")),
    };
  } finally {
    await project.remove();
  }
}

/** @returns seconds from the start of `pulumi up` until both servers are ready, and until its end */
async function bringUp(project: Project): Promise<{ ready: number; up: number }> {
  let output = "";
  let ready: number | undefined;
  const up = await time({
    ...pulumiUp(project),
    onOutput(text, seconds) {
      output += text;
      if (READY.every((line) => line.test(output))) ready ??= seconds;
    },
  });
  if (ready === undefined) throw new Error(`pulumi up did not say that the servers are ready:\n${output}`);
  return { ready, up };
}

function pulumiUp(project: Project, ...options: string[]) {
  const args = ["up", "--stack", project.stackName, "--skip-preview", "--yes", "--non-interactive", ...options];
  return { program: "pulumi", args, cwd: project.folder, env: project.stack.workspace.envVars };
}
